export default function X(_: {  }) { return null; }

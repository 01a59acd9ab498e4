export default function X(_: { person?: string }) { return null; }

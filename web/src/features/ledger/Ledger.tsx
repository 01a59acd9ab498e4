export default function X(_: { index?: string }) { return null; }

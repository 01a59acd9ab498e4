// SPDX-License-Identifier: Apache-2.0
// The mark: a ravelin, the pointed outwork that stands before the wall, over the wall's line.
export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <path d="M6 19 16 7l10 12h-4l-6-7.2L10 19z" fill="currentColor" />
      <path d="M6 22h20v3H6z" fill="#e2614b" />
    </svg>
  );
}

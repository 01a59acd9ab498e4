// SPDX-License-Identifier: Apache-2.0
// The kit's theme: pine (the gate) carries actions, seal (cinnabar) marks what waits for you, greys are warm paper and green ink.
// Plain JavaScript because the build reads it too (scripts/theme.mjs).
const pine = ['#eef5f2', '#dbe9e4', '#b6d3c9', '#8dbbac', '#62a18d', '#3f8672', '#276b5a', '#1b5a4b', '#17483d', '#103229'];
const seal = ['#fdf0ed', '#fadcd5', '#f3b5a8', '#eb8b78', '#e2614b', '#d04a33', '#bd3a26', '#a1301f', '#84281b', '#641d13'];
const gray = ['#faf8f4', '#f4f1ea', '#e9e5dc', '#dcd7cb', '#c6c1b4', '#8f938d', '#656b66', '#4a514d', '#2f3633', '#1c2321'];
const dark = ['#e7e5dd', '#c4c7c0', '#a3aaa4', '#747c77', '#3c4542', '#2d3533', '#232a28', '#1a201e', '#131716', '#0d100f'];
const red = ['#fdeeee', '#f9d9d9', '#f0b3b3', '#e78b8b', '#df6868', '#cf4545', '#b32d2d', '#972424', '#7b1e1e', '#5c1616'];

const SANS = 'system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei UI", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif';

export const themeOverride = {
  colors: { pine, seal, gray, dark, red },
  primaryColor: 'pine',
  primaryShade: { light: 7, dark: 3 },
  autoContrast: true,
  white: '#fffefb', black: '#1c2321',
  fontFamily: `var(--font-ui, ${SANS})`,
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Noto Sans Mono CJK SC", monospace',
  headings: { fontFamily: `var(--font-ui, ${SANS})`, fontWeight: '640' },
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.1875rem' },
  lineHeights: { xs: '1.4', sm: '1.45', md: '1.5', lg: '1.55', xl: '1.6' },
  radius: { xs: '3px', sm: '6px', md: '8px', lg: '14px', xl: '22px' },
  defaultRadius: 'sm',
  spacing: { xs: '8px', sm: '12px', md: '16px', lg: '24px', xl: '36px' },
  cursorType: 'pointer',
  respectReducedMotion: true,
  activeClassName: '',
};

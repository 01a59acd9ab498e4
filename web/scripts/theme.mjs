// SPDX-License-Identifier: Apache-2.0
// The kit's CSS variables, written to a file at build time: at run time the kit would inject a <style>, which the page's content
// policy forbids. Variables of palettes we do not use are left out.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_THEME, convertCssVariables, defaultCssVariablesResolver, mergeMantineTheme } from '@mantine/core';
import { themeOverride } from '../src/kit/theme.mjs';

const USED = new Set(['pine', 'seal', 'gray', 'dark', 'red', 'white', 'black', 'scheme', 'bright', 'text', 'body', 'error', 'success',
  'placeholder', 'anchor', 'default', 'dimmed', 'disabled']);
const theme = mergeMantineTheme(DEFAULT_THEME, themeOverride);
const all = defaultCssVariablesResolver(theme);
const keep = (vars) => Object.fromEntries(Object.entries(vars).filter(([name]) => {
  const m = /^--mantine-color-([a-z]+)/.exec(name);
  return !m || USED.has(m[1]);
}));
const css = convertCssVariables({ variables: keep(all.variables), light: keep(all.light), dark: keep(all.dark) }, ':root');
const gen = join(fileURLToPath(new URL('.', import.meta.url)), '..', 'src', 'gen');
mkdirSync(gen, { recursive: true });
writeFileSync(join(gen, 'theme.css'), `/* Made by scripts/theme.mjs. */\n${css.replaceAll(';', ';\n')}\n`);

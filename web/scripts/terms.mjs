// SPDX-License-Identifier: Apache-2.0
// Texts: terms/*.tsv (key, zh-Hans, zh-Hant, en) -> src/gen/*.ts. Fails on a missing cell, a key written twice, columns that
// differ in their {placeholders}, and characters of the wrong script, so that the three languages cannot drift apart.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const LANGS = ['zh-Hans', 'zh-Hant', 'en'];
const root = join(fileURLToPath(new URL('.', import.meta.url)), '..');

// Characters that exist in one of the two scripts only; enough of the common ones to catch a forgotten conversion.
const SIMPLIFIED = '们这个来对时会说国过还进发现点击录码员话频议题级组织设备钥续请输错误试网络连线开关闭历记账户单认证应该让从给专读写删标题类显无规则见违终于严灵释邮语言账优选择';
const TRADITIONAL = '們這個來對時會說國過還進發現點擊錄碼員話頻議題級組織設備鑰續請輸錯誤試網絡連線開關閉歷記賬戶單認證應該讓從給專讀寫刪標題類顯無規則見違終於嚴靈釋郵語言賬優選擇';
const pairs = [...SIMPLIFIED].map((s, i) => [s, [...TRADITIONAL][i]]).filter(([a, b]) => a !== b);
const onlySimplified = new Set(pairs.map((p) => p[0]));
const onlyTraditional = new Set(pairs.map((p) => p[1]));

export function placeholders(text) {
  return [...new Set([...text.matchAll(/\{(\w+)(?::[^}]*)?\}/g)].map((m) => m[1]))].sort().join(',');
}

// Returns { rows: Map key -> [zh-Hans, zh-Hant, en], problems: [text] }.
export function readTerms(files) {
  const rows = new Map(), problems = [];
  for (const { name, text } of files) {
    text.split('\n').forEach((line, i) => {
      if (line === '' || line.startsWith('#')) return;
      const at = `${name}:${i + 1}`, cells = line.split('\t'), key = cells[0];
      if (cells.length !== 4) return void problems.push(`${at}: ${cells.length} cells, wanted 4 (key, ${LANGS.join(', ')})`);
      if (!/^[a-z][a-z0-9_.-]*$/.test(key)) problems.push(`${at}: bad key '${key}'`);
      if (rows.has(key)) problems.push(`${at}: '${key}' stands twice`);
      const texts = cells.slice(1);
      texts.forEach((c, n) => { if (c.trim() === '') problems.push(`${at}: '${key}' has no ${LANGS[n]}`); });
      if (new Set(texts.map(placeholders)).size > 1) problems.push(`${at}: '${key}' has different {placeholders}`);
      for (const ch of texts[0] ?? '') if (onlyTraditional.has(ch)) problems.push(`${at}: '${key}' has ${ch} in zh-Hans`);
      for (const ch of texts[1] ?? '') if (onlySimplified.has(ch)) problems.push(`${at}: '${key}' has ${ch} in zh-Hant`);
      rows.set(key, texts);
    });
  }
  return { rows, problems };
}

export function termFiles() {
  const dir = join(root, 'terms');
  return readdirSync(dir).filter((f) => f.endsWith('.tsv')).sort().map((f) => ({ name: f, text: readFileSync(join(dir, f), 'utf8') }));
}

// Every rule and every advice of the shipped policy must have its texts: the page explains refusals by them.
function policyProblems(rows) {
  let text;
  try { text = readFileSync(join(root, '..', 'policies', 'base.cedar'), 'utf8'); } catch { return []; }
  const problems = [];
  for (const [, what, id] of text.matchAll(/@(id|advice)\("([^"]+)"\)/g)) {
    const key = what === 'id' ? `rule.${id}` : `advice.${id}`;
    if (!rows.has(key)) problems.push(`policies/base.cedar names ${what} "${id}": no text '${key}'`);
  }
  return problems;
}

function main() {
  const { rows, problems } = readTerms(termFiles());
  problems.push(...policyProblems(rows));
  if (problems.length) {
    console.error(problems.join('\n'));
    process.exit(1);
  }
  const gen = join(root, 'src', 'gen');
  mkdirSync(gen, { recursive: true });
  const keys = [...rows.keys()].sort();
  const args = keys.map((k) => {
    const names = placeholders(rows.get(k)[2]).split(',').filter(Boolean);
    return `  '${k}': ${names.length ? `{ ${names.map((n) => `${n}: string | number`).join('; ')} }` : 'undefined'};`;
  });
  writeFileSync(join(gen, 'terms.ts'), `// Made from terms/*.tsv by scripts/terms.mjs.\nexport interface Terms {\n${args.join('\n')}\n}\n`);
  LANGS.forEach((lang, n) => {
    const body = keys.map((k) => `  ${JSON.stringify(k)}: ${JSON.stringify(rows.get(k)[n])},`).join('\n');
    writeFileSync(join(gen, `${lang}.ts`), `// Made from terms/*.tsv by scripts/terms.mjs.\nconst texts: Record<string, string> = {\n${body}\n};\nexport default texts;\n`);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();

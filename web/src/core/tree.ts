// SPDX-License-Identifier: Apache-2.0
// Checks a ledger leaf in the page itself: RFC 6962 leaf hash, RFC 9162 section 2.1.3.2 inclusion proof, and the C2SP signed note of
// the checkpoint (Ed25519, where the browser has it). Nothing here trusts what the server says about its own proof.
import { concat, same, unb64, utf8, type Bytes } from './bytes';

async function sha256(...parts: Uint8Array[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', concat(...parts)));
}

const LEAF = new Uint8Array([0]), NODE = new Uint8Array([1]);

export const leafHash = (body: Uint8Array) => sha256(LEAF, body);
export const nodeHash = (left: Uint8Array, right: Uint8Array) => sha256(NODE, left, right);

export interface Step { sibling: Bytes; side: 'left' | 'right'; result: Bytes }   // side: where the sibling stands
export interface Path { leaf: Bytes; steps: Step[]; root: Bytes }

// Walks from the leaf to the root. Undefined when the number of hashes does not fit index and size.
export async function walk(index: number, size: number, leaf: Bytes, hashes: Bytes[]): Promise<Path | undefined> {
  if (index < 0 || index >= size) return undefined;
  let fn = BigInt(index), sn = BigInt(size - 1), r = leaf;
  const steps: Step[] = [];
  for (const p of hashes) {
    if (sn === 0n) return undefined;
    if ((fn & 1n) === 1n || fn === sn) {
      r = await nodeHash(p, r);
      steps.push({ sibling: p, side: 'left', result: r });
      while ((fn & 1n) === 0n && fn !== 0n) { fn >>= 1n; sn >>= 1n; }
    } else {
      r = await nodeHash(r, p);
      steps.push({ sibling: p, side: 'right', result: r });
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  return sn === 0n ? { leaf, steps, root: r } : undefined;
}

export interface Note { origin: string; size: number; root: Bytes; signed: Bytes; signatures: { name: string; id: Bytes; sig: Bytes }[] }

export function parseNote(text: string): Note | undefined {
  const cut = text.indexOf('\n\n');
  if (cut < 0) return undefined;
  const body = text.slice(0, cut + 1), lines = body.split('\n');
  const [origin, size, root] = lines;
  if (!origin || !size || !/^\d{1,16}$/.test(size) || !root) return undefined;
  try {
    const signatures = text.slice(cut + 2).split('\n').filter((l) => l.startsWith('— ')).map((l) => {
      const [, name, b64] = l.split(' ');
      const raw = unb64(b64 ?? '');
      return { name: name ?? '', id: raw.slice(0, 4), sig: raw.slice(4) };
    });
    return { origin, size: Number(size), root: unb64(root), signed: utf8(body), signatures };
  } catch {
    return undefined;
  }
}

export interface VerifierKey { name: string; id: Bytes; key: Bytes }

// name+hash+base64(type byte 1 || 32-byte key), as the signed-note format writes it.
export function parseKey(text: string): VerifierKey | undefined {
  const m = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text.trim());
  if (!m) return undefined;
  try {
    const raw = unb64(m[3]!);
    if (raw.length !== 33 || raw[0] !== 1) return undefined;
    const id = Uint8Array.from(m[2]!.match(/../g)!, (h) => parseInt(h, 16));
    return { name: m[1]!, id, key: raw.slice(1) };
  } catch {
    return undefined;
  }
}

export type Signature = 'good' | 'bad' | 'unsupported' | 'absent';

export async function checkSignature(note: Note, keyText: string): Promise<Signature> {
  const key = parseKey(keyText);
  if (!key) return 'bad';
  const wanted = (await sha256(utf8(`${key.name}\n`), new Uint8Array([1]), key.key)).slice(0, 4);
  if (!same(wanted, key.id)) return 'bad';
  const mine = note.signatures.find((s) => s.name === key.name && same(s.id, key.id));
  if (!mine) return 'absent';
  let k: CryptoKey;
  try {
    k = await crypto.subtle.importKey('raw', key.key, { name: 'Ed25519' }, false, ['verify']);
  } catch {
    return 'unsupported';
  }
  return (await crypto.subtle.verify({ name: 'Ed25519' }, k, mine.sig, note.signed)) ? 'good' : 'bad';
}

export interface Verdict {
  path: Path | undefined;
  included: boolean;           // the leaf's bytes lead to the checkpoint's root
  agrees: boolean;             // the signed note says the same size and root as the proof
  signature: Signature;
  good: boolean;               // all of it; an unsupported browser is not good, it is unknown
}

export interface ProofInput {
  index: number; body: string; hashes: string[]; size: number; root: string; note: string; key: string;
}

export async function verify(p: ProofInput): Promise<Verdict> {
  const root = unb64(p.root), note = parseNote(p.note);
  const path = await walk(p.index, p.size, await leafHash(utf8(p.body)), p.hashes.map(unb64));
  const included = path !== undefined && same(path.root, root);
  const agrees = note !== undefined && note.size === p.size && same(note.root, root);
  const signature = note ? await checkSignature(note, p.key) : 'absent';
  return { path, included, agrees, signature, good: included && agrees && signature === 'good' };
}

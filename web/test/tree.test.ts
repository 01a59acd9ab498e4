// SPDX-License-Identifier: Apache-2.0
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { b64url, hex, utf8, type Bytes } from '../src/core/bytes';
import { checkSignature, leafHash, parseKey, parseNote, verify, walk } from '../src/core/tree';

// A second implementation, by the definition of RFC 6962 section 2.1 rather than by its algorithm.
const sha = (...p: Uint8Array[]) => createHash('sha256').update(Buffer.concat(p)).digest();
const split = (n: number) => { let k = 1; while (k * 2 < n) k *= 2; return k; };
const mth = (h: Uint8Array[]): Buffer => (h.length === 1 ? Buffer.from(h[0]!) : sha(Buffer.from([1]), mth(h.slice(0, split(h.length))), mth(h.slice(split(h.length)))));
const path = (m: number, h: Uint8Array[]): Buffer[] => {
  if (h.length === 1) return [];
  const k = split(h.length);
  return m < k ? [...path(m, h.slice(0, k)), mth(h.slice(k))] : [...path(m - k, h.slice(k)), mth(h.slice(0, k))];
};
const bytes = (b: Uint8Array) => new Uint8Array(b) as Bytes;

describe('inclusion proofs', () => {
  it('hashes leaves as RFC 6962 says', async () => {
    expect(hex(await leafHash(utf8('')))).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
    expect(hex(await leafHash(utf8('L123456')))).toBe('395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56');
  });

  it('hold for every leaf of every tree up to 33 leaves, and for no other leaf', async () => {
    const all = Array.from({ length: 33 }, (_, i) => sha(Buffer.from([0]), Buffer.from(`leaf ${i}`)));
    for (let n = 1; n <= 33; n++) {
      const h = all.slice(0, n), root = mth(h).toString('hex');
      for (let m = 0; m < n; m++) {
        const proof = path(m, h).map(bytes);
        const got = await walk(m, n, bytes(h[m]!), proof);
        expect(got && hex(got.root)).toBe(root);
        if (n > 1) expect(hex((await walk(m, n, bytes(h[(m + 1) % n]!), proof))!.root)).not.toBe(root);
      }
    }
  });

  it('refuse proofs of a wrong length or place', async () => {
    const h = Array.from({ length: 8 }, (_, i) => sha(Buffer.from([0]), Buffer.from([i]))), proof = path(3, h).map(bytes), leaf = bytes(h[3]!);
    expect(await walk(3, 8, leaf, proof.slice(1))).toBeUndefined();
    expect(await walk(3, 8, leaf, [...proof, proof[0]!])).toBeUndefined();
    expect(await walk(8, 8, leaf, proof)).toBeUndefined();
    expect(await walk(-1, 8, leaf, proof)).toBeUndefined();
    expect(hex((await walk(2, 8, leaf, proof))!.root)).not.toBe(mth(h).toString('hex'));
  });
});

function sealed(bodies: string[], origin = 'example.org/ledger') {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519'), raw = Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url');
  const h = bodies.map((b) => sha(Buffer.from([0]), Buffer.from(b))), root = mth(h);
  const id = sha(Buffer.from(`${origin}\n`), Buffer.from([1]), raw).subarray(0, 4);
  const text = `${origin}\n${bodies.length}\n${root.toString('base64')}\n`;
  const note = `${text}\n— ${origin} ${Buffer.concat([id, sign(null, Buffer.from(text), privateKey)]).toString('base64')}\n`;
  const key = `${origin}+${id.toString('hex')}+${Buffer.concat([Buffer.from([1]), raw]).toString('base64')}`;
  return { h, root, note, key, input: (m: number) => ({ index: m, body: bodies[m]!, hashes: path(m, h).map((x) => b64url(x)), size: bodies.length, root: b64url(root), note, key }) };
}

describe('the verdict', () => {
  const s = sealed(['{"a":1}', '{"中":"文"}', 'x', 'y', 'z']);

  it('is good when record, root and signature agree', async () => {
    for (let m = 0; m < 5; m++) expect(await verify(s.input(m))).toMatchObject({ included: true, agrees: true, signature: 'good', good: true });
  });

  it('is bad when one byte of the record differs', async () => {
    expect(await verify({ ...s.input(1), body: '{"中":"交"}' })).toMatchObject({ included: false, good: false });
  });

  it('is bad when the seal is for another root or size', async () => {
    const other = sealed(['p', 'q']);
    expect(await verify({ ...s.input(0), note: other.note, key: other.key })).toMatchObject({ included: true, agrees: false, good: false });
    expect(await verify({ ...s.input(0), size: 6 })).toMatchObject({ good: false });
  });

  it('is bad when the seal was not signed by that key, or changed after signing', async () => {
    const other = sealed(['{"a":1}', '{"中":"文"}', 'x', 'y', 'z']);
    expect((await verify({ ...s.input(0), key: other.key })).good).toBe(false);
    const forged = s.note.replace('\n5\n', '\n6\n');
    expect(await checkSignature(parseNote(forged)!, s.key)).toBe('bad');
  });

  it('does not take a key whose id is not its own', () => {
    const [, name, b64] = /^([^+]+)\+[0-9a-f]{8}\+(.+)$/.exec(s.key)!;
    expect(parseKey(`${name}+${'0'.repeat(8)}+${b64}`)).toBeDefined();
    return expect(checkSignature(parseNote(s.note)!, `${name}+${'0'.repeat(8)}+${b64}`)).resolves.toBe('bad');
  });

  it('reads no broken note or key', () => {
    expect(parseNote('')).toBeUndefined();
    expect(parseNote('origin\nx\nroot\n\n')).toBeUndefined();
    expect(parseNote('origin\n1\n***\n\n')).toBeUndefined();
    expect(parseKey('a+b+c')).toBeUndefined();
    expect(parseKey('a+00000000+AA==')).toBeUndefined();
  });
});

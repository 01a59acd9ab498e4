// SPDX-License-Identifier: Apache-2.0
// The browser's keys against Node's own cryptography, an implementation of its own.
import { createECDH, createHmac, createPublicKey, hkdfSync, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { b64url, concat, hex, unb64, utf8 } from '../src/core/bytes';
import { deriveProofKey, deviceSign, deviceWords, makeDeviceKey, makeEphemeral, proofWords, prove, renewWords } from '../src/core/proof';

function spki(raw: Uint8Array) {
  const head = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');
  return createPublicKey({ key: Buffer.concat([head, raw]), format: 'der', type: 'spki' });
}

describe('proofs', () => {
  it('derives the same K as the other side', async () => {
    const mine = await makeEphemeral(), server = createECDH('prime256v1');
    server.generateKeys();
    const k = await deriveProofKey(mine, b64url(server.getPublicKey()), 'challenge-text');
    const shared = server.computeSecret(mine.raw);
    const want = Buffer.from(hkdfSync('sha256', shared, Buffer.from('challenge-text'), Buffer.from('outwork-proof-v1'), 32));
    const proof = await prove(k, 'POST', '/api/channels/chan_1/messages?x=1', 'key-12345', 1700000000123);
    expect(proof).toBe(createHmac('sha256', want).update('POST\n/api/channels/chan_1/messages?x=1\nkey-12345\n1700000000123').digest('base64url'));
  });

  it('keeps every key where no script can carry it away', async () => {
    const device = await makeDeviceKey(), mine = await makeEphemeral(), other = await makeEphemeral();
    const k = await deriveProofKey(mine, b64url(other.raw), 'c');
    await expect(crypto.subtle.exportKey('raw', k)).rejects.toThrow();
    await expect(crypto.subtle.exportKey('pkcs8', device.privateKey)).rejects.toThrow();
    await expect(crypto.subtle.exportKey('pkcs8', mine.privateKey)).rejects.toThrow();
    expect(device.raw.length).toBe(65);
    expect(device.raw[0]).toBe(4);
  });

  it('signs exactly the words of the contract, as r||s', async () => {
    const device = await makeDeviceKey(), eph = await makeEphemeral();
    const words = deviceWords('chal', device.raw, eph.raw);
    expect(hex(words)).toBe(hex(concat(utf8('outwork-device-v1chal'), device.raw, eph.raw)));
    const sig = await deviceSign(device, words);
    expect(sig.length).toBe(64);
    expect(verify('sha256', words, { key: spki(device.raw), dsaEncoding: 'ieee-p1363' }, sig)).toBe(true);
    const renew = renewWords('chal', eph.raw);
    expect(verify('sha256', renew, { key: spki(device.raw), dsaEncoding: 'ieee-p1363' }, sig)).toBe(false);
  });

  it('proves a GET with an empty key', () => {
    expect(new TextDecoder().decode(proofWords('GET', '/api/me', '', 5))).toBe('GET\n/api/me\n\n5');
  });
});

describe('base64url', () => {
  it('has no padding and reads both alphabets', () => {
    for (const n of [0, 1, 2, 3, 32, 20000]) {
      const bytes = new Uint8Array(n).map((_, i) => (i * 131 + 7) & 255);
      const text = b64url(bytes);
      expect(text).toBe(Buffer.from(bytes).toString('base64url'));
      expect(hex(unb64(text))).toBe(Buffer.from(bytes).toString('hex'));
      expect(hex(unb64(Buffer.from(bytes).toString('base64')))).toBe(Buffer.from(bytes).toString('hex'));
    }
    expect(() => unb64('a$b')).toThrow();
  });
});

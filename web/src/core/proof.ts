// SPDX-License-Identifier: Apache-2.0
// The browser's proofs. The device key (ECDSA P-256) is made once per browser and cannot be exported; it signs at sign-in and at
// each renewal. Both sides then derive the proof key K from an ephemeral ECDH, and K signs every call. All keys stay
// non-extractable CryptoKeys: a script that reads the page's storage finds nothing it could carry away.
import { b64url, concat, unb64, utf8, type Bytes } from './bytes';

const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const ECDH = { name: 'ECDH', namedCurve: 'P-256' } as const;

export interface DeviceKey { privateKey: CryptoKey; raw: Bytes }

export async function makeDeviceKey(): Promise<DeviceKey> {
  const pair = await crypto.subtle.generateKey(P256, false, ['sign', 'verify']);
  return { privateKey: pair.privateKey, raw: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)) };
}

export interface Ephemeral { privateKey: CryptoKey; raw: Bytes }

export async function makeEphemeral(): Promise<Ephemeral> {
  const pair = await crypto.subtle.generateKey(ECDH, false, ['deriveBits']);
  return { privateKey: pair.privateKey, raw: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)) };
}

// The bytes the device key signs at sign-in.
export function deviceWords(challenge: string, key: Uint8Array, ephemeral: Uint8Array): Bytes {
  return concat(utf8('outwork-device-v1'), utf8(challenge), key, ephemeral);
}

export function renewWords(challenge: string, ephemeral: Uint8Array): Bytes {
  return concat(utf8('outwork-renew-v1'), utf8(challenge), ephemeral);
}

// r||s, 64 bytes: WebCrypto's own form.
export async function deviceSign(device: DeviceKey, words: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, device.privateKey, words));
}

// K = HKDF-SHA256(ECDH X, salt = challenge, info = "outwork-proof-v1").
export async function deriveProofKey(mine: Ephemeral, theirs: string, challenge: string): Promise<CryptoKey> {
  const other = await crypto.subtle.importKey('raw', unb64(theirs), ECDH, false, []);
  const shared = await crypto.subtle.deriveBits({ name: 'ECDH', public: other }, mine.privateKey, 256);
  const ikm = await crypto.subtle.importKey('raw', shared, 'HKDF', false, ['deriveKey']);
  const how = { name: 'HKDF', hash: 'SHA-256', salt: utf8(challenge), info: utf8('outwork-proof-v1') };
  return crypto.subtle.deriveKey(how, ikm, { name: 'HMAC', hash: 'SHA-256', length: 256 }, false, ['sign']);
}

export function proofWords(method: string, path: string, key: string, time: number): Bytes {
  return utf8(`${method}\n${path}\n${key}\n${time}`);
}

export async function prove(k: CryptoKey, method: string, path: string, key: string, time: number): Promise<string> {
  return b64url(await crypto.subtle.sign('HMAC', k, proofWords(method, path, key, time)));
}

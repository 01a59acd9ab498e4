// SPDX-License-Identifier: Apache-2.0
// Can this browser be used at all? Tries, rather than asks for, what Outwork needs: a secure page, a cookie of our own, storage that
// keeps a key, the cryptography, live sockets. Third-party cookies are never needed: everything comes from one host.
import { idb } from './idb';
import { conditionalPossible } from './passkey';

export type CheckName = 'secure' | 'cookie' | 'storage' | 'crypto' | 'socket' | 'passkey';
export interface Check { name: CheckName; ok: boolean; needed: boolean }

function cookieWorks(): boolean {
  const name = '__Host-outwork-test';
  try {
    document.cookie = `${name}=1; Secure; SameSite=Strict; Path=/; Max-Age=10`;
    const there = document.cookie.includes(`${name}=1`);
    document.cookie = `${name}=; Secure; SameSite=Strict; Path=/; Max-Age=0`;
    return there;
  } catch {
    return false;
  }
}

async function storageWorks(): Promise<boolean> {
  try {
    const key = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
    await idb.set('selftest', key);
    const back = await idb.get<CryptoKey>('selftest');
    await idb.del('selftest');
    return back?.type === 'secret';
  } catch {
    return false;
  }
}

async function cryptoWorks(): Promise<boolean> {
  try {
    const a = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits']);
    const bits = await crypto.subtle.deriveBits({ name: 'ECDH', public: a.publicKey }, a.privateKey, 256);
    const k = await crypto.subtle.importKey('raw', bits, 'HKDF', false, ['deriveKey']);
    const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(4), info: new Uint8Array(4) };
    const h = await crypto.subtle.deriveKey(how, k, { name: 'HMAC', hash: 'SHA-256', length: 256 }, false, ['sign']);
    return (await crypto.subtle.sign('HMAC', h, new Uint8Array(1))).byteLength === 32;
  } catch {
    return false;
  }
}

export async function selfTest(): Promise<Check[]> {
  const secure = globalThis.isSecureContext === true;
  const [storage, crypt, passkey] = await Promise.all([storageWorks(), cryptoWorks(), conditionalPossible()]);
  return [
    { name: 'secure', ok: secure, needed: true },
    { name: 'cookie', ok: cookieWorks(), needed: true },
    { name: 'storage', ok: storage, needed: true },
    { name: 'crypto', ok: crypt, needed: true },
    { name: 'socket', ok: typeof WebSocket !== 'undefined', needed: true },
    { name: 'passkey', ok: passkey, needed: false },
  ];
}

// SPDX-License-Identifier: Apache-2.0
// This browser's session: the device key, the proof key K that all tabs share through IndexedDB, the clock's offset, and renewal.
// Renewal runs under a lock common to all tabs; whoever comes second finds the new key already there and uses it.
import { b64url, randomId } from './bytes';
import { exclusively, idb, tabs } from './idb';
import { deriveProofKey, deviceSign, deviceWords, makeDeviceKey, makeEphemeral, prove, renewWords, type DeviceKey } from './proof';
import type { device_proof } from './api';

export interface Proof { gen: string; key: CryptoKey; renewAt: number; ends: number }

const FIVE_MINUTES = 300_000;
let proof: Proof | undefined;
let offset = 0;

export function clock(): number { return Date.now() + offset; }
export function setClock(serverNow: number) {
  offset = serverNow - Date.now();
  void idb.set('offset', offset).catch(() => undefined);
}

export async function deviceKey(): Promise<DeviceKey> {
  return exclusively('device', async () => {
    const kept = await idb.get<DeviceKey>('device');
    if (kept) return kept;
    const made = await makeDeviceKey();
    await idb.set('device', made);
    return made;
  });
}

export async function loadProof(): Promise<Proof | undefined> {
  offset = (await idb.get<number>('offset')) ?? offset;
  proof = await idb.get<Proof>('proof');
  return proof;
}

export function currentProof() { return proof; }

async function keep(key: CryptoKey, expires: string) {
  const now = Date.now();
  const left = Date.parse(expires) - clock();
  // A clock we do not know yet may make nonsense of `expires`: never trust it beyond the contract's bounds.
  const sane = left > 30_000 && left < 3_600_000 ? left : 360_000;
  proof = { gen: randomId(), key, renewAt: now + Math.min(FIVE_MINUTES, sane * 0.8), ends: now + sane };
  await idb.set('proof', proof);
  tabs.say({ say: 'proof' });
}

export async function forget() {
  proof = undefined;
  await idb.del('proof').catch(() => undefined);
}

// What a sign-in sends to prove this browser's key, and how to end it with the server's half.
export async function beginSignIn(challenge: string): Promise<{ device: device_proof; end: (ephemeral: string, expires: string) => Promise<void> }> {
  const [key, eph] = await Promise.all([deviceKey(), makeEphemeral()]);
  const signature = await deviceSign(key, deviceWords(challenge, key.raw, eph.raw));
  return {
    device: { key: b64url(key.raw), name: deviceName(), ephemeral: b64url(eph.raw), signature: b64url(signature) },
    end: async (ephemeral, expires) => {
      await keep(await deriveProofKey(eph, ephemeral, challenge), expires);
      tabs.say({ say: 'signed-in' });
    },
  };
}

export interface RenewCalls {
  session_challenge(): Promise<{ challenge: string }>;
  session_renew(body: { challenge: string; ephemeral: string; signature: string }): Promise<{ ephemeral: string; key_expires: string }>;
}

// Renews unless another tab has since `seen` (the generation that was refused or is getting old).
export async function renew(calls: RenewCalls, seen: string | undefined): Promise<void> {
  await exclusively('renew', async () => {
    const kept = await idb.get<Proof>('proof');
    if (kept && kept.gen !== seen && kept.ends > Date.now()) {
      proof = kept;
      return;
    }
    const device = await deviceKey();
    const { challenge } = await calls.session_challenge();
    const eph = await makeEphemeral();
    const signature = b64url(await deviceSign(device, renewWords(challenge, eph.raw)));
    const got = await calls.session_renew({ challenge, ephemeral: b64url(eph.raw), signature });
    await keep(await deriveProofKey(eph, got.ephemeral, challenge), got.key_expires);
  });
}

export async function proofHeaders(p: Proof, method: string, path: string, key: string): Promise<Record<string, string>> {
  const time = Math.round(clock());
  return { 'Outwork-Time': String(time), 'Outwork-Proof': await prove(p.key, method, path, key, time) };
}

// What the person sees in their list of devices.
export function deviceName(): string {
  const ua = navigator.userAgent;
  const browser = /Edg\//.test(ua) ? 'Edge' : /Firefox\//.test(ua) ? 'Firefox' : /MicroMessenger/.test(ua) ? 'WeChat'
    : /Chrome\//.test(ua) ? 'Chrome' : /Safari\//.test(ua) ? 'Safari' : 'Browser';
  const system = /iPhone|iPad/.test(ua) ? 'iOS' : /Android/.test(ua) ? 'Android' : /Windows/.test(ua) ? 'Windows'
    : /Mac OS/.test(ua) ? 'macOS' : /HarmonyOS/.test(ua) ? 'HarmonyOS' : /Linux/.test(ua) ? 'Linux' : '';
  return system ? `${browser} · ${system}` : browser;
}

// SPDX-License-Identifier: Apache-2.0
// Passkeys (WebAuthn): discoverable, user verification required, relying party = this host. Challenges are the server's texts.
import { b64url, unb64, utf8 } from './bytes';
import type { me, passkey_start } from './api';

export const passkeysPossible = () => typeof PublicKeyCredential !== 'undefined' && !!navigator.credentials;

export async function conditionalPossible(): Promise<boolean> {
  return passkeysPossible() && (await PublicKeyCredential.isConditionalMediationAvailable?.().catch(() => false)) === true;
}

export interface Assertion { credential: string; client_data: string; authenticator_data: string; signature: string }

export async function askPasskey(challenge: string, how: 'conditional' | 'modal', signal: AbortSignal): Promise<Assertion> {
  const got = (await navigator.credentials.get({
    signal, mediation: how === 'conditional' ? 'conditional' : 'optional',
    publicKey: { challenge: utf8(challenge), rpId: location.hostname, userVerification: 'required', allowCredentials: [], timeout: 180_000 },
  })) as PublicKeyCredential | null;
  if (!got) throw new DOMException('no passkey was chosen', 'NotAllowedError');
  const r = got.response as AuthenticatorAssertionResponse;
  return {
    credential: b64url(got.rawId), client_data: b64url(r.clientDataJSON), authenticator_data: b64url(r.authenticatorData), signature: b64url(r.signature),
  };
}

export async function makePasskey(start: passkey_start, who: me): Promise<{ client_data: string; attestation: string }> {
  const made = (await navigator.credentials.create({
    publicKey: {
      challenge: utf8(start.challenge), rp: { id: location.hostname, name: 'Outwork' },
      user: { id: unb64(start.user_handle), name: who.person.login, displayName: who.person.name },
      pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: 'public-key' as const, alg })),
      authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
      excludeCredentials: start.exclude.map((id) => ({ type: 'public-key' as const, id: unb64(id) })),
      attestation: 'none', timeout: 180_000,
    },
  })) as PublicKeyCredential | null;
  if (!made) throw new DOMException('no passkey was made', 'NotAllowedError');
  const r = made.response as AuthenticatorAttestationResponse;
  return { client_data: b64url(r.clientDataJSON), attestation: b64url(r.attestationObject) };
}

// What the browser's own error means to a person.
export function passkeyTrouble(e: unknown): 'cancelled' | 'exists' | 'unsupported' | 'failed' {
  const name = e instanceof DOMException ? e.name : '';
  if (name === 'NotAllowedError' || name === 'AbortError') return 'cancelled';
  if (name === 'InvalidStateError') return 'exists';
  if (name === 'NotSupportedError' || name === 'SecurityError') return 'unsupported';
  return 'failed';
}

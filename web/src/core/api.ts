// SPDX-License-Identifier: Apache-2.0
// The one place where the page meets the API's types and calls; everything else imports from here.
import { chatApi, ledgerApi, peopleApi } from '@api';
import { Http } from './transport';
import { signal } from './signal';
import type { RenewCalls } from './session';

export type * from '@api';

const bare = peopleApi(new Http({ onSignedOut: (p) => signal.signedOut(p) }));
const renewCalls = (): RenewCalls => bare;

export const http = new Http({ renewCalls, onSignedOut: (p) => signal.signedOut(p) });
export const renewals = renewCalls;
export { chatApi };
export const people = peopleApi(http);
export const chat = chatApi(http);
export const ledger = ledgerApi(http);
// Ways in are public: no proof, and no second try of what may be used only once.
export const door = peopleApi(new Http({ tries: 2 }));

// SPDX-License-Identifier: Apache-2.0
// Breaks the circle between the transport, which notices that the session has gone, and the app, which acts on it.
import type { Problem } from './problem';

type Fn = (p: Problem) => void;
let onSignedOut: Fn = () => undefined;

export const signal = {
  signedOut: (p: Problem) => onSignedOut(p),
  whenSignedOut: (fn: Fn) => { onSignedOut = fn; },
};

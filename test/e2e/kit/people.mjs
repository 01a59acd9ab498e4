// SPDX-License-Identifier: Apache-2.0
// Who is in the demo company, and the ways in: by API and in the browser. A TOTP code is good once in its 30 seconds, so that
// each test takes people nobody else has used: demo.next() hands out names one after another.
import assert from 'node:assert/strict';
import { totp } from './client.mjs';
import { sleep } from './office.mjs';

export const DEMO_PASSWORD = 'banyan-tree-2020';

// Logins of demo people, by role, from the directory itself.
export async function directory(office) {
  if (office.people) return office.people;
  const first = 'emma.clarke';
  const c = await office.client().signIn(first, DEMO_PASSWORD, await office.code(first));
  office.people = [];
  for (let after = ''; ;) {
    const page = await c.get(`/api/people?limit=200${after}`);
    office.people.push(...page.items);
    if (!page.next) break;
    after = `&after=${page.next}`;
  }
  c.close();
  office.taken = new Set([first]);
  return office.people;
}

export async function next(office, role = 'member') {
  const people = await directory(office);
  const p = people.find((x) => x.role === role && x.status === 'active' && !office.taken.has(x.login));
  assert.ok(p, `no ${role} is left in the demo`);
  office.taken.add(p.login);
  return p;
}

// A signed-in API client of a person nobody has used yet.
export async function newClient(office, role) {
  const p = await next(office, role);
  const c = office.client();
  await c.signIn(p.login, DEMO_PASSWORD, await office.code(p.login));
  c.person = p;
  return c;
}

// A code that has not been used: the next step's when this one's was.
export async function freshCode(secret, used) {
  for (;;) {
    const code = totp(secret);
    if (code !== used) return code;
    await sleep(500);
  }
}

// In the browser: the sign-in page as a person uses it.
export async function signInPage(person, login, password, code) {
  await person.id('signin-login').fill(login);
  await person.id('signin-password').fill(password);
  await person.id('signin-code').fill(code);
  await person.id('signin-submit').click();
  await person.id('nav-talk').waitFor();
}

export async function newPerson(office, browser, options = {}) {
  const p = await next(office, options.role);
  const person = await browser.person(options);
  await person.open('/');
  await signInPage(person, p.login, DEMO_PASSWORD, await office.code(p.login));
  person.who = p;
  return person;
}

// SPDX-License-Identifier: Apache-2.0
// The directory: everyone up to a bound is fetched once and searched in the page; beyond the bound the server searches too.
import { useQuery } from '@tanstack/react-query';
import { addChannel, keys, query, useApp } from './app';
import { chat, people, type channel, type person } from './api';

const BOUND = 2000;

async function everyone(): Promise<person[]> {
  const all: person[] = [];
  let after: string | undefined;
  do {
    const page = await people.people_list({ limit: 200, ...(after ? { after } : {}) });
    all.push(...page.items);
    after = page.next ?? undefined;
  } while (after && all.length < BOUND);
  return all;
}

export function usePeople() {
  return useQuery({ queryKey: keys.people, queryFn: everyone, staleTime: 120_000 });
}

// What the page already knows of a person, without asking.
export function nameOf(id: string | null | undefined): string | undefined {
  return id ? query.getQueryData<person[]>(keys.people)?.find((p) => p.id === id)?.name : undefined;
}

export async function openDirect(person: string): Promise<channel> {
  const known = query.getQueryData<channel[]>(keys.channels)?.find((c) => c.kind === 'direct' && c.other === person);
  if (known) return known;
  const c = await chat.direct_open({ person });
  addChannel(c);
  return c;
}

// What the shipped policy lets a role do, so that the page offers nothing it would refuse; the gate decides, not this.
export function useMay() {
  const role = useApp((a) => a.me?.person.role);
  const system = role === 'system_admin', security = role === 'security_admin';
  return { add: system, invite: system, seeDevices: system || security, mark: system || security, lock: security, role: security, lockDevice: security, audit: role === 'audit_admin' };
}

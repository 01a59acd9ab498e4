// SPDX-License-Identifier: Apache-2.0
// Sign-in: name, password and code in one step, or a passkey (offered by the browser in the name field, or by button). A challenge is
// fetched ahead and again when it goes stale. Afterwards one proven call makes sure that the browser really kept the cookie.
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { Fingerprint } from 'lucide-react';
import { useCallback, useEffect, useRef, useState, type FormEvent } from 'react';
import { enter, useApp } from '../../core/app';
import { door, people, type signed_in } from '../../core/api';
import { useT } from '../../core/i18n';
import { askPasskey, conditionalPossible, passkeyTrouble, passkeysPossible } from '../../core/passkey';
import { asProblem, type Problem } from '../../core/problem';
import { selfTest, type Check } from '../../core/selftest';
import { beginSignIn } from '../../core/session';
import { fieldText, Note, ProblemNote, unsaid } from '../../kit/kit';
import { Doorway } from './Doorway';
import { SelfTest } from './SelfTest';
import s from './signin.module.css';

const FRESH = 120_000;

function useChallenge() {
  const kept = useRef<{ text: string; at: number } | undefined>(undefined);
  const get = useCallback(async (fresh = false) => {
    if (!fresh && kept.current && Date.now() - kept.current.at < FRESH) return kept.current.text;
    const { challenge } = await door.sign_in_start();
    kept.current = { text: challenge, at: Date.now() };
    return challenge;
  }, []);
  const drop = useCallback(() => { kept.current = undefined; }, []);
  return { get, drop };
}

type Trouble = { kind: 'problem'; problem: Problem } | { kind: 'passkey'; what: 'cancelled' | 'exists' | 'unsupported' | 'failed' } | { kind: 'cookie' };

export default function SignIn() {
  const t = useT();
  const why = useApp((a) => a.why);
  const { get, drop } = useChallenge();
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [missing, setMissing] = useState<string[]>([]);
  const [busy, setBusy] = useState<'' | 'password' | 'passkey'>('');
  const [trouble, setTrouble] = useState<Trouble>();
  const [checks, setChecks] = useState<Check[]>();
  const [showChecks, setShowChecks] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const asking = useRef<AbortController | undefined>(undefined);

  useEffect(() => { void selfTest().then(setChecks); }, []);
  const blocked = checks?.some((c) => c.needed && !c.ok) ?? false;

  const complete = useCallback(async (got: signed_in, end: (e: string, x: string) => Promise<void>) => {
    await end(got.ephemeral, got.key_expires);
    drop();
    try {
      enter(await people.me_get());
    } catch (e) {
      if (asProblem(e).code !== 'sign_in') throw e;
      setTrouble({ kind: 'cookie' });
    }
  }, [drop]);

  // A stale challenge, or an answer that was lost on the way, is mended by beginning again once.
  const twice = useCallback(async (act: (challenge: string) => Promise<void>) => {
    try {
      await act(await get());
    } catch (e) {
      const p = asProblem(e);
      drop();
      if (p.code !== 'stale_challenge' && (p.code as string) !== 'repeated') throw e;
      await act(await get(true));
    }
  }, [get, drop]);

  const usePasskey = useCallback(async (how: 'conditional' | 'modal') => {
    asking.current?.abort();
    const ctl = (asking.current = new AbortController());
    try {
      const challenge = await get(how === 'conditional');
      const asserted = await askPasskey(challenge, how, ctl.signal);
      setBusy('passkey');
      setTrouble(undefined);
      const { device, end } = await beginSignIn(challenge);
      await complete(await door.sign_in_passkey({ ...asserted, challenge, device }), end);
    } catch (e) {
      if (ctl.signal.aborted) return;
      drop();
      if (e instanceof DOMException) {
        if (how === 'modal') setTrouble({ kind: 'passkey', what: passkeyTrouble(e) });
      } else setTrouble({ kind: 'problem', problem: asProblem(e) });
    } finally {
      setBusy((b) => (b === 'passkey' ? '' : b));
    }
  }, [get, drop, complete]);

  useEffect(() => {
    let timer: ReturnType<typeof setInterval> | undefined;
    void conditionalPossible().then((yes) => {
      if (!yes) return;
      void usePasskey('conditional');
      // The challenge behind the offer must not grow old while the page stands open.
      timer = setInterval(() => void usePasskey('conditional'), 240_000);
    });
    return () => { clearInterval(timer); asking.current?.abort(); };
  }, [usePasskey]);

  const submit = async (e: FormEvent) => {
    e.preventDefault();
    const none = [!login.trim() && 'login', !password && 'password', code.replace(/[\s-]/g, '').length < 6 && 'code'].filter((x): x is string => !!x);
    setMissing(none);
    setTrouble(undefined);
    if (none[0]) return void form.current?.querySelector<HTMLInputElement>(`[name=${none[0]}]`)?.focus();
    asking.current?.abort();
    setBusy('password');
    try {
      await twice(async (challenge) => {
        const { device, end } = await beginSignIn(challenge);
        const typed = code.trim().replace(/\s/g, '');
        await complete(await door.sign_in_password({ login: login.trim(), password, code: typed, challenge, device }), end);
      });
    } catch (err) {
      const problem = asProblem(err);
      setTrouble({ kind: 'problem', problem });
      if (problem.code === 'wrong_sign_in') {
        setCode('');
        form.current?.querySelector<HTMLInputElement>('[name=password]')?.select();
      }
    } finally {
      setBusy('');
    }
  };

  const problem = trouble?.kind === 'problem' ? trouble.problem : undefined;
  const fieldError = (f: string) => (missing.includes(f) ? t.any(`signin.missing.${f}`) : fieldText(t, problem, f));
  return (
    <Doorway>
      <form ref={form} onSubmit={(e) => void submit(e)} className={s.form} noValidate data-testid="signin-form" aria-labelledby="signin-title">
        <h1 id="signin-title">{t('signin.title')}</h1>
        {why === 'ended' && !trouble && <Note tone="warn">{t('signin.ended')}</Note>}
        {why === 'left' && !trouble && <Note tone="good">{t('signin.left')}</Note>}
        {(trouble?.kind === 'cookie' || blocked) && <Note tone="bad" data-testid="signin-blocked">{t('signin.blocked')}</Note>}
        <TextInput name="login" label={t('signin.login')} value={login} onChange={(e) => setLogin(e.currentTarget.value)} error={fieldError('login')} autoFocus
          autoComplete="username webauthn" autoCapitalize="none" spellCheck={false} size="md" data-testid="signin-login" />
        <PasswordInput name="password" label={t('signin.password')} value={password} onChange={(e) => setPassword(e.currentTarget.value)} error={fieldError('password')}
          autoComplete="current-password" size="md" data-testid="signin-password" visibilityToggleButtonProps={{ 'aria-label': t('password.toggle') }} />
        <TextInput name="code" label={t('signin.code')} description={t('signin.code_hint')} value={code} onChange={(e) => setCode(e.currentTarget.value)} error={fieldError('code')}
          inputMode="numeric" autoComplete="one-time-code" maxLength={24} size="md" data-testid="signin-code" classNames={{ input: s.code }} />
        {unsaid(problem, ['login', 'password', 'code']) && <ProblemNote error={problem} />}
        {trouble?.kind === 'passkey' && <Note tone="warn">{t.any(`passkey.${trouble.what}`)}</Note>}
        <Button type="submit" size="md" fullWidth loading={busy === 'password'} data-testid="signin-submit">{t('signin.submit')}</Button>
        {passkeysPossible() && (
          <Button variant="default" size="md" fullWidth leftSection={<Fingerprint size={18} />} loading={busy === 'passkey'} onClick={() => void usePasskey('modal')} data-testid="signin-passkey">
            {t('signin.passkey')}
          </Button>
        )}
        <p className={s.small}>{t('signin.new_here')}</p>
        {checks && (blocked || showChecks || trouble?.kind === 'cookie'
          ? <SelfTest checks={checks} cookieLost={trouble?.kind === 'cookie'} />
          : <button type="button" className={s.link} onClick={() => setShowChecks(true)} data-testid="signin-selftest">{t('signin.trouble')}</button>)}
      </form>
    </Doorway>
  );
}

// SPDX-License-Identifier: Apache-2.0
// A one-time link: password, authenticator, recovery codes, passkey, in. Nothing is done until the code from the authenticator is
// right; the recovery codes are shown once, and the page does not let go of them unseen.
import { Button, Checkbox, PasswordInput, TextInput } from '@mantine/core';
import { Check, Copy, Download, Fingerprint, LinkIcon, Printer } from 'lucide-react';
import { useEffect, useMemo, useState, type FormEvent } from 'react';
import { encode } from 'uqr';
import { useLocation } from 'wouter';
import { begin, useApp } from '../../core/app';
import { door, type accepted, type invitation } from '../../core/api';
import { useT } from '../../core/i18n';
import { passkeysPossible } from '../../core/passkey';
import { strength } from '../../core/password';
import { asProblem, type Problem } from '../../core/problem';
import { selfTest, type Check as BrowserCheck } from '../../core/selftest';
import { beginSignIn } from '../../core/session';
import { copyText, Empty, fieldText, kit, Note, ProblemNote, unsaid } from '../../kit/kit';
import { EnrolTrouble, useEnrol } from '../account/Passkeys';
import { Doorway } from '../signin/Doorway';
import { SelfTest } from '../signin/SelfTest';
import s from '../signin/signin.module.css';

const STEPS = ['password', 'totp', 'codes', 'passkey'] as const;
type Step = (typeof STEPS)[number];

// The token may stand after #, which no server ever sees, or in the path.
export function tokenOf(path: string, hash: string, search: string): string {
  const q = new URLSearchParams(search);
  const inPath = /^\/invite\/([A-Za-z0-9_-]+)/.exec(path)?.[1];
  return inPath ?? (hash.replace(/^#/, '').replace(/^token=/, '') || (q.get('token') ?? q.get('t') ?? ''));
}

export function Qr({ text, label }: { text: string; label: string }) {
  const { size, d } = useMemo(() => {
    const q = encode(text, { ecc: 'M', border: 0 });
    return { size: q.size, d: q.data.flatMap((row, y) => row.map((on, x) => (on ? `M${x} ${y}h1v1h-1z` : ''))).join('') };
  }, [text]);
  return <div className={s.qr}><svg viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shapeRendering="crispEdges"><path d={d} fill="#10211c" /></svg></div>;
}

function Progress({ step }: { step: Step }) {
  const t = useT(), at = STEPS.indexOf(step);
  return <ol className={s.steps} aria-label={t('invite.steps')}>{STEPS.map((x, i) => <li key={x} data-state={i < at ? 'done' : i === at ? 'now' : 'next'} aria-current={i === at ? 'step' : undefined}>{t(`invite.step.${x}`)}</li>)}</ol>;
}

function PasswordStep({ who, password, setPassword, problem, onNext }: { who: invitation; password: string; setPassword: (p: string) => void; problem: Problem | undefined; onNext: () => void }) {
  const t = useT();
  const [again, setAgain] = useState('');
  const [tried, setTried] = useState(false);
  const level = strength(password, [who.login, who.name]);
  const short = [...password].length < 8;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    setTried(true);
    if (!short && again === password) onNext();
  };
  return (
    <form onSubmit={submit} className={kit.stack} noValidate>
      <input type="text" name="username" autoComplete="username" value={who.login} readOnly hidden />
      <div>
        <PasswordInput label={t('invite.password')} description={t('invite.password_hint')} value={password} onChange={(e) => setPassword(e.currentTarget.value)} autoComplete="new-password" size="md" autoFocus data-testid="invite-password"
          error={tried && short ? t('invite.too_short') : fieldText(t, problem, 'password') ?? (problem?.code === 'weak_password' ? t('error.weak_password') : undefined)} visibilityToggleButtonProps={{ 'aria-label': t('password.toggle') }} />
        <div className={s.meter} data-level={password ? level : 0} aria-hidden="true"><i /><i /><i /><i /></div>
        <p className={s.hint} aria-live="polite" data-testid="invite-strength">{password && t.any(`invite.level.${level}`)}</p>
      </div>
      <PasswordInput label={t('invite.again')} value={again} onChange={(e) => setAgain(e.currentTarget.value)} autoComplete="new-password" size="md" data-testid="invite-again"
        error={tried && again !== password ? t('invite.differ') : undefined} visibilityToggleButtonProps={{ 'aria-label': t('password.toggle') }} />
      <Button type="submit" size="md" data-testid="invite-next">{t('next')}</Button>
    </form>
  );
}

function TotpStep({ who, busy, problem, onBack, onAccept }: { who: invitation; busy: boolean; problem: Problem | undefined; onBack: () => void; onAccept: (code: string) => void }) {
  const t = useT();
  const [code, setCode] = useState('');
  const [tried, setTried] = useState(false);
  const digits = code.replace(/\D/g, ''), wrong = problem?.code === 'wrong_code';
  useEffect(() => { if (wrong) setCode(''); }, [wrong, problem]);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    setTried(true);
    if (digits.length === 6) onAccept(digits);
  };
  return (
    <form onSubmit={submit} className={kit.stack} noValidate>
      <p>{t('invite.totp_text')}</p>
      <div className={s.totp}>
        <Qr text={who.totp_uri} label={t('invite.qr')} />
        <div>
          <p className={s.small}>{t('invite.by_hand')}</p>
          <p className={s.secret} data-testid="totp-secret">{who.totp_secret.match(/.{1,4}/g)?.join(' ')}</p>
        </div>
      </div>
      <TextInput label={t('invite.code')} description={t('invite.code_hint')} value={code} onChange={(e) => setCode(e.currentTarget.value)} inputMode="numeric" autoComplete="one-time-code" maxLength={9} size="md" classNames={{ input: s.code }} data-testid="invite-code"
        error={wrong ? t('error.wrong_code') : tried && digits.length !== 6 ? t('invite.six') : fieldText(t, problem, 'code')} />
      {!wrong && unsaid(problem, ['code', 'password']) && <ProblemNote error={problem} />}
      <div className={s.between}><Button variant="default" size="md" onClick={onBack}>{t('back')}</Button><Button type="submit" size="md" loading={busy} data-testid="invite-accept">{t('invite.check')}</Button></div>
    </form>
  );
}

function CodesStep({ got, login, onNext }: { got: accepted; login: string; onNext: () => void }) {
  const t = useT();
  const [kept, setKept] = useState(false);
  const [copied, setCopied] = useState(false);
  const text = [`Outwork · ${location.host} · ${login}`, '', ...got.recovery_codes, ''].join('\n');
  useEffect(() => {
    const stay = (e: BeforeUnloadEvent) => e.preventDefault();
    window.addEventListener('beforeunload', stay);
    return () => window.removeEventListener('beforeunload', stay);
  }, []);
  const download = () => {
    const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' })), a = document.createElement('a');
    a.href = url;
    a.download = `outwork-recovery-${login}.txt`;
    a.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  };
  return (
    <div className={kit.stack}>
      <p>{t('invite.codes_text')}</p>
      <ol className={s.codes} data-testid="recovery-codes">{got.recovery_codes.map((c) => <li key={c}>{c}</li>)}</ol>
      <div className={`${s.row} noprint`}>
        <Button variant="default" leftSection={copied ? <Check size={16} /> : <Copy size={16} />} onClick={() => void copyText(text).then(setCopied)}>{copied ? t('copied') : t('copy')}</Button>
        <Button variant="default" leftSection={<Download size={16} />} onClick={download}>{t('invite.download')}</Button>
        <Button variant="default" leftSection={<Printer size={16} />} onClick={() => window.print()}>{t('invite.print')}</Button>
      </div>
      <Checkbox label={t('invite.kept')} checked={kept} onChange={(e) => setKept(e.currentTarget.checked)} data-testid="codes-kept" className="noprint" />
      <Button size="md" disabled={!kept} onClick={onNext} data-testid="codes-next" className="noprint">{t('next')}</Button>
    </div>
  );
}

function PasskeyStep({ onDone }: { onDone: () => void }) {
  const t = useT();
  const { busy, error, trouble, go } = useEnrol();
  const add = async () => { if (await go()) onDone(); };
  return (
    <div className={kit.stack}>
      <p>{t('invite.passkey_text')}</p>
      <Note>{t('invite.passkey_skip')}</Note>
      <EnrolTrouble error={error} trouble={trouble} />
      <div className={s.between}>
        <Button variant="default" size="md" onClick={onDone} data-testid="passkey-skip">{t('invite.later')}</Button>
        {passkeysPossible() && <Button size="md" leftSection={<Fingerprint size={18} />} loading={busy} onClick={() => void add()} data-testid="passkey-enrol" data-autofocus>{t('passkey.add')}</Button>}
      </div>
    </div>
  );
}

export default function Invite() {
  const t = useT();
  const [path, go] = useLocation();
  const [token] = useState(() => tokenOf(path, location.hash, location.search));
  const [who, setWho] = useState<invitation>();
  const [gone, setGone] = useState<Problem>();
  const [tries, setTries] = useState(0);
  const [step, setStep] = useState<Step>('password');
  const [password, setPassword] = useState('');
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const [got, setGot] = useState<accepted>();
  const [checks, setChecks] = useState<BrowserCheck[]>();

  useEffect(() => { void selfTest().then(setChecks); }, []);
  useEffect(() => {
    // The link works once: keep it out of the address bar and the history.
    history.replaceState(null, '', '/invite');
    if (!token) return;
    let alive = true;
    setGone(undefined);
    door.invite_open({ token }).then((i) => { if (alive) setWho(i); }, (e: unknown) => { if (alive) setGone(asProblem(e)); });
    return () => { alive = false; };
  }, [token, tries]);

  const accept = async (code: string) => {
    if (!who) return;
    setBusy(true);
    setProblem(undefined);
    try {
      const { challenge } = await door.sign_in_start();
      const { device, end } = await beginSignIn(challenge);
      const a = await door.invite_accept({ token, password, code, ticket: who.ticket, challenge, device });
      await end(a.signed_in.ephemeral, a.signed_in.key_expires);
      setGot(a);
      setPassword('');
      setStep('codes');
    } catch (e) {
      const p = asProblem(e);
      setProblem(p);
      if (p.code === 'weak_password' || p.fields.some((f) => f.field === 'password')) setStep('password');
      if (p.code === 'invite_gone') setGone(p);
    } finally { setBusy(false); }
  };
  const finish = async () => {
    useApp.setState({ phase: 'starting' });
    go('/', { replace: true });
    await begin();
  };
  const blocked = checks?.some((c) => c.needed && !c.ok) ?? false;
  if (!token || gone) {
    const passing = gone?.passing || gone?.code === 'rate';
    return (
      <Doorway>
        <div className={s.wide}>
          <Empty icon={<LinkIcon size={28} />} title={passing ? t('failed.title') : t('invite.gone')} text={!token ? t('invite.no_token') : passing ? t('failed.text') : t('error.invite_gone')}>
            {passing && <Button onClick={() => setTries(tries + 1)}>{t('try_again')}</Button>}
            <Button variant="default" onClick={() => go('/sign-in')}>{t('locked.other')}</Button>
          </Empty>
        </div>
      </Doorway>
    );
  }
  return (
    <Doorway>
      <div className={s.wide} data-testid="invite" data-step={step}>
        {who && <Progress step={step} />}
        <h1>{!who ? t('loading') : step === 'password' ? t('invite.welcome', { name: who.name }) : t(`invite.title.${step}`)}</h1>
        {who && step === 'password' && <p className={s.small}>{t('invite.login', { login: who.login })}</p>}
        {blocked && checks && <SelfTest checks={checks} />}
        {who && step === 'password' && <PasswordStep who={who} password={password} setPassword={setPassword} problem={problem} onNext={() => { setProblem(undefined); setStep('totp'); }} />}
        {who && step === 'totp' && <TotpStep who={who} busy={busy} problem={problem} onBack={() => setStep('password')} onAccept={(c) => void accept(c)} />}
        {who && got && step === 'codes' && <CodesStep got={got} login={who.login} onNext={() => setStep('passkey')} />}
        {step === 'passkey' && <PasskeyStep onDone={() => void finish()} />}
      </div>
    </Doorway>
  );
}

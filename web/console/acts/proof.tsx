/** Who is at the screen? Asked once more before what moves money or rights; what was typed waits beneath. */

import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Input } from "antd";
import { type FormEvent, type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { inMine } from "../../shared/language.ts";
import { centre, held, inSession, Refused, take } from "../centre.ts";
import { say } from "../words.ts";

/** He went on without a proof. */
export class NotProved extends Error {
  constructor() {
    super(say("console.proof.left"));
  }
}

interface Asked {
  done(): void;
  left(error: Error): void;
}

/** The dialog, to be drawn, and what asks by it: fulfilled once he has shown who he is; else rejected with NotProved. */
export function useProof(): { readonly dialog: ReactNode; prove(): Promise<void> } {
  const [asked, setAsked] = useState<Asked | null>(null);
  const prove = useCallback(
    () =>
      new Promise<void>((resolve, reject) => {
        const close = (then: () => void) => {
          setAsked(null);
          then();
        };
        setAsked({ done: () => close(resolve), left: (error) => close(() => reject(error)) });
      }),
    [],
  );
  return { dialog: asked && <ProofDialog asked={asked} />, prove };
}

async function withPasskey() {
  const { publicKey } = (await held(centre.POST("/console/sessions/passkey-challenge"))) as { publicKey: never };
  const options = PublicKeyCredential.parseRequestOptionsFromJSON(publicKey);
  const signed = (await navigator.credentials.get({ publicKey: options })) as PublicKeyCredential;
  return { credential: signed.toJSON() };
}

/** Goes to a provider, which leads back to this address; what was typed is kept in the tab. Names: session/session.js. */
async function signOnAnew(provider: string): Promise<never> {
  const params = { path: { provider } };
  const { url } = await held(centre.POST("/console/sign-on/{provider}/proof", { params }));
  sessionStorage.setItem("onecard-back", location.pathname + location.search + location.hash);
  sessionStorage.setItem("onecard-proof-at", provider);
  location.assign(url);
  return new Promise(() => {});
}

async function show(proof: Record<string, unknown>) {
  const ask = () => held(centre.POST("/console/sessions/current/proof", { body: proof as never }));
  await take(await inSession(ask));
}

const TAKES_PASSKEYS =
  typeof PublicKeyCredential !== "undefined" && "parseRequestOptionsFromJSON" in PublicKeyCredential;

function ProofDialog({ asked }: { asked: Asked }) {
  const box = useRef<HTMLDialogElement>(null);
  const [ticket, setTicket] = useState<string | null>(null);
  const [text, setText] = useState("");
  const [error, setError] = useState<Error | null>(null);
  const [isBusy, setBusy] = useState(false);
  const providers =
    useQuery({ queryKey: ["providers"], queryFn: () => held(centre.GET("/console/sign-on")) }).data ?? [];
  useEffect(() => box.current?.showModal(), []);
  const attempt = async (proof: () => Promise<Record<string, unknown>>) => {
    setBusy(true);
    setError(null);
    try {
      await show(await proof());
      asked.done();
    } catch (caught) {
      if (caught instanceof Refused && caught.ticket !== null) setTicket(caught.ticket);
      else setError(caught as Error);
      setText("");
      setBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void attempt(async () => (ticket === null ? { password: text } : { ticket, code: text.trim() }));
  };
  return (
    <dialog
      ref={box}
      className="proof"
      aria-labelledby="proof-title"
      onCancel={(event) => {
        event.preventDefault();
        asked.left(new NotProved());
      }}
    >
      <form onSubmit={submit}>
        <h2 id="proof-title">{say("console.proof.title")}</h2>
        <p>{say(ticket === null ? "console.proof.why" : "console.proof.code_needed")}</p>
        {error && <Alert type="error" showIcon title={error.message} />}
        <label htmlFor="proof">{say(ticket === null ? "console.proof.password" : "console.proof.code")}</label>
        <Input
          id="proof"
          key={ticket ?? "password"}
          autoFocus
          required
          type={ticket === null ? "password" : "text"}
          autoComplete={ticket === null ? "current-password" : "one-time-code"}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <div className="acts">
          <Button onClick={() => asked.left(new NotProved())}>{say("console.proof.leave")}</Button>
          {TAKES_PASSKEYS && ticket === null && (
            <Button disabled={isBusy} onClick={() => attempt(withPasskey)}>
              {say("console.proof.passkey")}
            </Button>
          )}
          <Button type="primary" htmlType="submit" disabled={isBusy} aria-busy={isBusy}>
            {say("console.proof.go_on")}
          </Button>
        </div>
        {ticket === null &&
          providers
            .filter((one) => one.proves)
            .map((provider) => (
              <Button
                key={provider.name}
                type="link"
                disabled={isBusy}
                onClick={() => attempt(() => signOnAnew(provider.name))}
              >
                {say("console.proof.sign_on", { name: inMine(provider.title_zh, provider.title_en) })}
              </Button>
            ))}
      </form>
    </dialog>
  );
}

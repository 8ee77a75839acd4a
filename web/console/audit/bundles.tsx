/** Proof bundles: made by the centre, checked in this browser alone, with the bundle and a key and nothing else. */

import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Input, Progress, Select } from "antd";
import { type FormEvent, useId, useState } from "react";
import { type Verdict, verify } from "../../shared/proof/verify.ts";
import { centre, held } from "../centre.ts";
import { useNames } from "../names.ts";
import { useSession } from "../session.tsx";
import { Trouble } from "../trouble.tsx";
import { Report } from "./report.tsx";
import { say } from "./words.ts";

const CYCLES = 100;
const WHOLE_PERCENT = 100;
const HAS_BUNDLES = new Set(["published", "settled"]);

type State = Verdict | { readonly kind: "checking"; readonly done: number; readonly all: number };

export function Bundles() {
  const about = useQuery({ queryKey: ["about"], queryFn: () => held(centre.GET("/console/about")) });
  const [key, setKey] = useState<string | null>(null);
  const [state, setState] = useState<State | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const keys = key ?? about.data?.public_keys.join("\n") ?? "";
  const check = async (bundle: Blob, previous: Blob | null) => {
    setError(null);
    setState({ kind: "checking", done: 0, all: 0 });
    const told = (done: number, all: number) => setState({ kind: "checking", done, all });
    await verify(bundle, keys, previous, told).then(setState, (thrown: Error) => {
      setState(null);
      setError(thrown);
    });
  };
  return (
    <>
      <Maker failed={setError} made={(bundle) => void check(bundle, null)} hasKeys={keys !== ""} />
      <Checker
        keys={keys}
        changeKeys={(given) => {
          setKey(given);
          setState(null);
        }}
        check={check}
        isAtWork={state?.kind === "checking"}
      />
      {error && <Trouble error={error} />}
      {state && <Outcome state={state} />}
    </>
  );
}

interface MakerProps {
  readonly hasKeys: boolean;
  made(bundle: Blob): void;
  failed(error: Error): void;
}

/** Choose a cycle and an agency; save its bundle, or check it at once. */
function Maker({ made, failed, hasKeys }: MakerProps) {
  const session = useSession();
  const names = useNames();
  const cycles = useQuery({
    queryKey: ["cycles with bundles"],
    queryFn: () => held(centre.GET("/clearing/cycles", { params: { query: { sort: "-number", limit: CYCLES } } })),
  });
  const [chosen, setChosen] = useState<{ day?: string; agency?: string }>({});
  const days = (cycles.data?.items ?? []).filter((one) => HAS_BUNDLES.has(one.state)).map((one) => one.business_date);
  const day = chosen.day ?? days[0];
  const agency = session.agency_id === null ? chosen.agency : String(session.agency_id);
  const make = async (use: (bundle: Blob, name: string) => void) => {
    if (day === undefined || agency === undefined) return;
    const path = { business_date: day, agency_id: Number(agency) };
    try {
      const content = await held(
        centre.GET("/clearing/cycles/{business_date}/bundles/{agency_id}", { params: { path }, parseAs: "blob" }),
      );
      use(content as unknown as Blob, `onecard-${day}-bundle-${agency}.zip`);
    } catch (thrown) {
      failed(thrown as Error);
    }
  };
  const isChosen = day !== undefined && agency !== undefined;
  const [dayId, agencyId] = [useId(), useId()];
  return (
    <section className="calm" aria-labelledby="make">
      <h2 id="make">{say("console.audit.make")}</h2>
      <p>{say("console.audit.make.what")}</p>
      {cycles.error && <Trouble error={cycles.error} again={cycles.refetch} />}
      <div className="fields">
        <label htmlFor={dayId}>
          {say("console.audit.day")}
          <Select
            id={dayId}
            value={day ?? null}
            showSearch
            options={days.map((one) => ({ value: one, label: one }))}
            onChange={(value) => setChosen({ ...chosen, day: String(value) })}
          />
        </label>
        {session.agency_id === null && (
          <label htmlFor={agencyId}>
            {say("console.named.agency_id")}
            <Select
              id={agencyId}
              value={agency ?? null}
              showSearch={{ optionFilterProp: "label" }}
              options={names.choices("agency_id")}
              onChange={(value) => setChosen({ ...chosen, agency: String(value) })}
            />
          </label>
        )}
        <div className="acts">
          <Button disabled={!isChosen} onClick={() => make(save)}>
            {say("console.audit.make.save")}
          </Button>
          <Button type="primary" disabled={!isChosen || !hasKeys} onClick={() => make(made)}>
            {say("console.audit.make.check")}
          </Button>
        </div>
      </div>
    </section>
  );
}

function save(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

interface CheckerProps {
  readonly keys: string;
  readonly isAtWork: boolean;
  changeKeys(keys: string): void;
  check(bundle: Blob, previous: Blob | null): Promise<void>;
}

/** Choose files that somebody has, and the key to check them with. */
function Checker({ keys, isAtWork, changeKeys, check }: CheckerProps) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const previous = form.get("previous") as File;
    void check(form.get("bundle") as File, previous.size > 0 ? previous : null);
  };
  return (
    <section className="calm" aria-labelledby="verify">
      <h2 id="verify">{say("proof.title")}</h2>
      <p>{say("proof.what")}</p>
      <form className="fields" onSubmit={submit}>
        <label>
          {say("proof.bundle")}
          <input type="file" name="bundle" accept=".zip" required />
        </label>
        <label>
          {say("proof.previous")}
          <input type="file" name="previous" accept=".zip" />
        </label>
        <label className="wide" htmlFor="keys">
          {say("proof.key")}
          <Input.TextArea
            id="keys"
            value={keys}
            rows={3}
            required
            spellCheck={false}
            aria-describedby="key-hint"
            onChange={(event) => changeKeys(event.target.value)}
          />
          <small id="key-hint">{say("console.audit.key.hint")}</small>
        </label>
        <div className="acts">
          <Button type="primary" htmlType="submit" disabled={isAtWork} aria-busy={isAtWork}>
            {say("proof.check")}
          </Button>
          <a href="/proof/">{say("console.audit.alone")}</a>
        </div>
      </form>
    </section>
  );
}

function Outcome({ state }: { state: State }) {
  switch (state.kind) {
    case "checking":
      return (
        <section className="calm" role="status">
          {say("proof.checking", { done: state.done, all: state.all })}
          <Progress
            aria-label={say("proof.check")}
            percent={state.all === 0 ? 0 : Math.floor((WHOLE_PERCENT * state.done) / state.all)}
          />
        </section>
      );
    case "checked":
      return <Report verdict={state} />;
    default:
      return <Alert type="error" showIcon title={say(`proof.${state.kind}`)} />;
  }
}

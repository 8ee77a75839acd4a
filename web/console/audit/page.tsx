/** What an auditor checks: whether the audit log is as it was written, and whether a cycle is as it was published. */

import { useSession } from "../session.tsx";
import { Trouble } from "../trouble.tsx";
import { Bundles } from "./bundles.tsx";
import { ChainCheck } from "./chain.tsx";
import { say } from "./words.ts";
import "./audit.css";

export function Audit() {
  const { permissions } = useSession();
  const [seesLog, seesClearing] = [permissions.has("see_audit"), permissions.has("see_clearing")];
  if (!seesLog && !seesClearing) return <Trouble error={new Error(say("console.error.no_permission"))} />;
  return (
    <>
      <h1>{say("console.area.proofs")}</h1>
      {seesLog && <ChainCheck />}
      {seesClearing && <Bundles />}
    </>
  );
}

/** What the checks of a bundle found, line by line; and whether today's audit log still begins as it did then. */

import { Alert, Button } from "antd";
import { useState } from "react";
import { heading } from "../../shared/language.ts";
import { sayerOfFindings } from "../../shared/proof/findings.ts";
import { isGenuine, type Verdict } from "../../shared/proof/verify.ts";
import { toHex } from "../../shared/terminal/bytes.ts";
import { centre, held } from "../centre.ts";
import { useSession } from "../session.tsx";
import { Trouble } from "../trouble.tsx";
import { say, texts } from "./words.ts";

const sayFinding = sayerOfFindings(texts);

export function Report({ verdict: { bundle, findings } }: { verdict: Extract<Verdict, { kind: "checked" }> }) {
  const { businessDate, auditLog } = bundle.manifest;
  const wrong = findings.filter((one) => !one.holds).length;
  const { permissions } = useSession();
  return (
    <section aria-labelledby="verdict">
      <Alert
        id="verdict"
        type={isGenuine(findings) ? "success" : "error"}
        showIcon
        title={
          wrong === 0
            ? say("proof.holds", { agency_id: bundle.agencyId, business_date: businessDate })
            : say("proof.fails", { wrong, all: findings.length })
        }
      />
      <div className="table">
        <table>
          <caption>{say("proof.title")}</caption>
          <thead>
            <tr>
              <th scope="col">{say("console.audit.column.check")}</th>
              <th scope="col">{say("console.audit.column.result")}</th>
              <th scope="col">{say("console.audit.column.found")}</th>
            </tr>
          </thead>
          <tbody>
            {findings.map((one) => {
              const { name, detail } = sayFinding(one);
              return (
                <tr key={one.code}>
                  <th scope="row">{heading(name)}</th>
                  <td className={one.holds ? "holds" : "negative"}>{say(one.holds ? "proof.yes" : "proof.no")}</td>
                  <td>{detail}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {auditLog && (
        <div className="calm">
          <p className="digest">{say("proof.head", { entries: auditLog.entries, digest: toHex(auditLog.digest) })}</p>
          {permissions.has("see_audit") && auditLog.entries > 0 && (
            <Compare entry={auditLog.entries} digest={toHex(auditLog.digest)} />
          )}
        </div>
      )}
    </section>
  );
}

/** A log that was cut off and written anew holds by itself, but not against what was published before. */
function Compare({ entry, digest }: { entry: number; digest: string }) {
  const [isSame, setSame] = useState<boolean | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const compare = async () => {
    setError(null);
    const params = { path: { entry }, query: { after: entry - 1 } };
    await held(centre.GET("/console/audit-entries/{entry}/chain", { params })).then(
      (shown) => setSame(shown.digest === digest),
      setError,
    );
  };
  return (
    <>
      <Button onClick={compare}>{say("console.audit.compare")}</Button>
      {error && <Trouble error={error} />}
      {isSame !== null && (
        <Alert
          type={isSame ? "success" : "error"}
          showIcon
          title={say(isSame ? "console.audit.compare.same" : "console.audit.compare.other", { entry })}
        />
      )}
    </>
  );
}

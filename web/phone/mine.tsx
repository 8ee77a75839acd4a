/** The holder's cards and phones, and how he wants this application to look. */

import { useState } from "preact/hooks";
import { dayAndTime } from "../shared/formats.ts";
import type { Phone } from "../shared/terminal/phone.ts";
import type { Centre } from "./centre.ts";
import { isLarge, setLarge } from "./look.ts";
import { LANGUAGE_KEY, language, say } from "./words.ts";

export function Mine({ phone, centre: { account } }: { phone: Phone; centre: Centre }) {
  const [large, setLargeShown] = useState(isLarge);
  const other = language === "zh" ? "en" : "zh";
  const toOther = () => {
    localStorage.setItem(LANGUAGE_KEY, other);
    location.search = "";
  };
  return (
    <>
      <h2>{say("phone.credentials")}</h2>
      <ul class="rows">
        {account?.credentials.map(({ credential_id, kind, state, issued_at }) => (
          <li key={credential_id}>
            <span>
              <b>{say(kind === "card" ? "phone.credential.card" : "phone.credential.phone")}</b>
              <small>{say("phone.credential.issued", { at: dayAndTime(issued_at, language) })}</small>
              {credential_id === phone.credentialId && <small>{say("phone.credential.this")}</small>}
            </span>
            <b class={state === "active" ? "" : "danger"}>
              {say(state === "active" ? "phone.credential.active" : "phone.credential.blocked")}
            </b>
          </li>
        ))}
      </ul>
      <p>{say("phone.code.until", { at: dayAndTime(phone.expiresAt, language) })}</p>
      <h2>{say("phone.look")}</h2>
      <button
        type="button"
        class="plain"
        aria-pressed={large}
        onClick={() => {
          setLarge(!large);
          setLargeShown(!large);
        }}
      >
        {say(large ? "phone.look.usual" : "phone.look.large")}
      </button>
      <button type="button" class="plain" lang={other} onClick={toOther}>
        {other === "en" ? "English" : "中文"}
      </button>
    </>
  );
}

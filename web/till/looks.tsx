/** How the cashier wants the till to look: before a sign-on, since another language loads the page anew. */

import { useState } from "preact/hooks";
import { changeLanguage, otherLanguage } from "../shared/language.ts";
import { isLarge, setLarge } from "../shared/look.js";
import { say } from "./words.ts";

export function Looks() {
  const [large, setLargeShown] = useState(isLarge);
  const change = () => {
    setLarge(!large);
    setLargeShown(!large);
  };
  return (
    <div class="looks">
      <button type="button" class="plain" aria-pressed={large} onClick={change}>
        {say("till.large")}
      </button>
      <button type="button" class="plain" lang={otherLanguage} onClick={changeLanguage}>
        {otherLanguage === "en" ? "English" : "中文"}
      </button>
    </div>
  );
}

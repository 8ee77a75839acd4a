/** How the cashier wants the till to look. Another language loads the page anew: between two diners. */

import { useState } from "preact/hooks";
import { changeLanguage, otherLanguage } from "../shared/language.ts";
import { isLarge, setLarge } from "../shared/look.js";
import { say } from "./words.ts";

export function Looks({ isFree = true }: { isFree?: boolean }) {
  const [large, setLargeShown] = useState(isLarge);
  const change = () => {
    setLarge(!large);
    setLargeShown(!large);
  };
  return (
    <div class="looks">
      <button type="button" class="plain" onClick={change}>
        {say(large ? "till.usual" : "till.large")}
      </button>
      <button type="button" class="plain" lang={otherLanguage} disabled={!isFree} onClick={changeLanguage}>
        {otherLanguage === "en" ? "English" : "中文"}
      </button>
    </div>
  );
}

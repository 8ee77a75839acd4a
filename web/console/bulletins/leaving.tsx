/** Somebody leaves a page with something on it that is not saved. */

import { Button } from "antd";
import { useEffect, useRef } from "react";
import { say } from "./words.ts";

export function Leaving({ leave, stay }: { leave(): void; stay(): void }) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => box.current?.showModal(), []);
  return (
    <dialog
      ref={box}
      className="proof"
      aria-labelledby="leaving"
      onCancel={(event) => {
        event.preventDefault();
        stay();
      }}
    >
      <form method="dialog" onSubmit={(event) => event.preventDefault()}>
        <h2 id="leaving">{say("console.bulletins.leave_title")}</h2>
        <p>{say("console.bulletins.leave_why")}</p>
        <div className="acts">
          <Button onClick={leave}>{say("console.bulletins.leave")}</Button>
          <Button type="primary" autoFocus onClick={stay}>
            {say("console.bulletins.stay")}
          </Button>
        </div>
      </form>
    </dialog>
  );
}

/** What went wrong, in the reader's words, and a way to try again. */

import { Alert, Button } from "antd";
import { say } from "./words.ts";

export function Trouble({ error, again }: { error: Error; again?: () => unknown }) {
  return (
    <Alert
      type="error"
      showIcon
      title={say("console.error.title")}
      description={error.message}
      action={again && <Button onClick={() => again()}>{say("console.error.retry")}</Button>}
    />
  );
}

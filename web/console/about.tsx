/** Which release this is, and the key that its receipts and statements are checked with. */

import { useQuery } from "@tanstack/react-query";
import { Skeleton } from "antd";
import { centre, held } from "./centre.ts";
import { Trouble } from "./trouble.tsx";
import { say } from "./words.ts";

export function About() {
  const { data, error, refetch } = useQuery({ queryKey: ["about"], queryFn: () => held(centre.GET("/console/about")) });
  if (error) return <Trouble error={error} again={refetch} />;
  if (!data) return <Skeleton active />;
  return (
    <>
      <h1>onecard</h1>
      <p>{say("console.about.what")}</p>
      <dl className="facts">
        <dt>{say("console.about.version")}</dt>
        <dd>{data.version}</dd>
        <dt>{say("console.about.key")}</dt>
        <dd>
          <code>{data.public_keys[0]}</code>
        </dd>
      </dl>
    </>
  );
}

/** Bulletins: all of them, or the one of the address. */

import { useParams } from "@tanstack/react-router";
import { Allowed } from "../charts/allowed.tsx";
import "../charts/charts.css";
import "./bulletins.css";
import { Editor } from "./editor.tsx";
import { BulletinList } from "./list.tsx";

export function Bulletins() {
  const { id } = useParams({ strict: false }) as { id?: string };
  return (
    <Allowed permission="see_bulletin_drafts">
      {id === undefined ? <BulletinList /> : <Editor key={id} id={Number(id)} />}
    </Allowed>
  );
}

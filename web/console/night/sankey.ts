/** Flows of money as bands from left to right. */

import type { Option } from "../charts/chart.tsx";
import type { Inks } from "../charts/inks.ts";
import { columnOf, type Figures } from "../charts/table.ts";

/** The same agency pays on the left and gets on the right: what stands on each side has names of its own. */
export function drawSankey(inks: Inks, figures: Figures): Option {
  const [from, to, yuan] = ["from", "to", "yuan"].map((name) => columnOf(figures, name));
  const links = (from ?? []).map((name, at) => ({
    from: String(name),
    to: String(to?.[at]),
    value: Number(yuan?.[at]),
  }));
  const through = new Set(
    links.map((link) => link.from).filter((name) => links.every((link) => link.from === name || link.to === name)),
  );
  const idOf = (side: "l" | "r", name: string) => (through.has(name) ? name : `${side}${name}`);
  const names = new Map<string, string>();
  for (const link of links) {
    names.set(idOf("l", link.from), link.from);
    names.set(idOf("r", link.to), link.to);
  }
  // The same agency has the same colour in every picture of a cycle; the centre, through which all goes, has none.
  const shades = [...new Set(names.values())].filter((name) => !through.has(name)).sort();
  const colourOf = (name: string) =>
    through.has(name) ? inks.faint : inks.series[shades.indexOf(name) % inks.series.length];
  return {
    legend: { show: false },
    tooltip: {
      trigger: "item",
      renderMode: "richText",
      confine: true,
      backgroundColor: inks.paper,
      borderColor: inks.line,
      textStyle: { color: inks.ink, fontFamily: inks.font, fontSize: inks.size },
      formatter: ({ data, value }: { data: { source?: string; target?: string; name?: string }; value: number }) => {
        const nameOf = (id: string | undefined) => names.get(id ?? "") ?? "";
        const what = data.source ? `${nameOf(data.source)} → ${nameOf(data.target)}` : nameOf(data.name);
        return `${what}\n¥ ${value.toLocaleString("en-US", { minimumFractionDigits: 2 })}`;
      },
    },
    series: [
      {
        type: "sankey",
        left: 8,
        right: 8,
        top: 28,
        bottom: 8,
        nodeWidth: 14,
        nodeGap: 14,
        draggable: false,
        emphasis: { focus: "adjacency" },
        data: [...names].map(([id, name]) => ({
          name: id,
          itemStyle: { color: colourOf(name) },
          label: {
            formatter: name,
            position: through.has(id) ? "top" : id.startsWith("r") ? "left" : "right",
            color: inks.ink,
            fontFamily: inks.font,
            fontSize: inks.size,
            textBorderColor: inks.paper,
            textBorderWidth: 3,
          },
        })),
        links: links.map((link) => ({
          source: idOf("l", link.from),
          target: idOf("r", link.to),
          value: link.value,
          lineStyle: { color: "source", opacity: 0.35 },
        })),
      },
    ],
  };
}

// Draws the live stream: one row a canteen, its share as a bar.
const body = document.getElementById("canteens");
const state = document.getElementById("state");

function cell(row, className, text) {
  const td = row.insertCell();
  td.className = className;
  td.textContent = text;
  return td;
}

function draw(canteens) {
  const most = Math.max(1, ...canteens.map((c) => c.payments));
  document.getElementById("total").textContent = canteens.reduce((sum, c) => sum + c.payments, 0).toLocaleString();
  body.replaceChildren();
  for (const c of canteens) {
    const row = body.insertRow();
    const name = cell(row, "", c.name_zh);
    const english = document.createElement("small");
    english.textContent = c.name_en;
    name.append(english);
    const bar = document.createElement("div");
    bar.style.width = `${(100 * c.payments) / most}%`;
    cell(row, "bar", "").append(bar);
    cell(row, "number", c.payments.toLocaleString());
    cell(row, "number", (c.amount_fen / 100).toLocaleString(undefined, { minimumFractionDigits: 2 }));
  }
}

const source = new EventSource("/live");
source.onopen = () => {
  state.textContent = "实时 · live";
  state.className = "";
};
source.onerror = () => {
  state.textContent = "连接中断,正在重连 · connection lost, trying again";
  state.className = "lost";
};
source.onmessage = (event) => draw(JSON.parse(event.data));

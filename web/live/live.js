// Draws the event stream of live totals: one row per canteen, its share as a bar. Texts come with the page.
const language = document.documentElement.lang;
const texts = document.body.dataset;
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
  const total = canteens.reduce((sum, c) => sum + c.payments, 0);
  document.getElementById("total").textContent = total.toLocaleString(language);
  body.replaceChildren();
  for (const c of canteens) {
    const row = body.insertRow();
    cell(row, "", language === "en" ? c.name_en : c.name_zh);
    const bar = document.createElement("div");
    bar.style.width = `${(100 * c.payments) / most}%`;
    cell(row, "bar", "").append(bar);
    cell(row, "number", c.payments.toLocaleString(language));
    const amount = (fen) => (fen / 100).toLocaleString(language, { minimumFractionDigits: 2 });
    cell(row, "number", c.amount_fen === null ? "–" : amount(c.amount_fen));
  }
}

function show(text, className) {
  state.textContent = text;
  state.className = className;
}

const source = new EventSource("/live");
source.onopen = () => show(texts.live, "");
source.onerror = () => show(texts.lost, "lost");
source.onmessage = (event) => draw(JSON.parse(event.data));

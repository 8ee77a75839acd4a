// Draws the payments of a day: one row per canteen, its share as a bar. The open day comes as events, a past day with
// the page. Texts come with the page.
import { chosenTheme, isLarge, setLarge, setTheme } from "./look.js";

const LOOK_AGAIN_MS = 30000;
const NEW_DAY_AFTER_MS = 5000;
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

function sumOf(canteens, figure) {
  return canteens.reduce((sum, canteen) => sum + canteen[figure], 0);
}

function draw(canteens) {
  const most = Math.max(1, ...canteens.map((c) => c.payments));
  const total = sumOf(canteens, "payments");
  document.getElementById("total").textContent = total.toLocaleString(language);
  // A past day's sums do not know how its payments came.
  document.getElementById("channels").hidden = Boolean(texts.totals);
  for (const one of document.querySelectorAll("[data-channel]"))
    one.textContent = sumOf(canteens, one.dataset.channel).toLocaleString(language);
  body.replaceChildren();
  for (const c of canteens) {
    const row = body.insertRow();
    cell(row, "", language === "en" ? c.name_en : c.name_zh);
    const bar = document.createElement("div");
    bar.style.width = `${(100 * c.payments) / most}%`;
    bar.hidden = c.payments <= 0;
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

function follow() {
  const source = new EventSource("/live");
  source.onopen = () => show(texts.live, "net");
  source.onerror = () => show(texts.lost, "net blocked");
  source.onmessage = (event) => {
    const canteens = JSON.parse(event.data);
    if (canteens.some((c) => c.business_date > texts.day)) {
      // The day was closed. Its sums are made in a moment; then the page is theirs, or the new day's.
      source.close();
      setTimeout(() => location.replace(location.pathname + location.search.replace(/day=[^&]*&?/, "")), NEW_DAY_AFTER_MS);
    } else draw(canteens);
  };
}

const large = document.getElementById("large");
const theme = document.getElementById("theme");

function tellLarge() {
  large.setAttribute("aria-pressed", String(isLarge()));
}

large.addEventListener("click", () => {
  setLarge(!isLarge());
  tellLarge();
});
theme.addEventListener("change", () => setTheme(theme.value));
tellLarge();
theme.value = chosenTheme();

for (const link of document.querySelectorAll("header nav a")) link.hidden = !link.textContent;
if (texts.totals) {
  draw(JSON.parse(texts.totals));
  show(texts.closed, "");
  if (texts.lookAgain) setTimeout(() => location.reload(), LOOK_AGAIN_MS);
} else follow();

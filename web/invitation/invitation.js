// Takes an invitation: its code, and the first password.
import { ask, attempt, say } from "./session.js";

const form = document.getElementById("accept");
const accepted = document.getElementById("accepted");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { login, code, password, again } = form.elements;
  const done = await attempt(
    form,
    async () => {
      if (password.value !== again.value) throw new Error(say("onecard.password.differ"));
      await ask("POST", "/console/invitations", { login: login.value.trim(), code: code.value.trim(), password: password.value });
    },
    "onecard.account.doing",
  );
  if (!done) return;
  form.hidden = true;
  accepted.hidden = false;
  accepted.focus();
});

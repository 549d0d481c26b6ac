"use strict";
// A log's table holds all there is to know: stepping only shows one row of it after the other.
for (const log of document.querySelectorAll(".log")) {
  const rows = [...log.querySelectorAll(".steps tbody tr")];
  const bars = [...log.querySelectorAll(".bars li")];
  const controls = log.querySelector(".controls");
  if (!rows.length) continue;
  const top = Number(log.dataset.top);
  const buttons = Object.fromEntries([...controls.querySelectorAll("button")].map((b) => [b.dataset.go, b]));
  const title = log.querySelector(".bars-title").firstChild;
  const whole = title.data;
  let step = 0;

  const percent = (share) => `${(100 * share).toFixed(share > 0 && share < 0.00995 ? 2 : 1)}%`;
  const draw = (shares) => bars.forEach((bar, i) => {
    bar.querySelector(".bar").style.width = `${(100 * shares[i]) / top}%`;
    bar.querySelector(".value").textContent = percent(shares[i]);
  });
  const show = (to) => {
    step = Math.min(Math.max(to, 0), rows.length);
    const shares = bars.map((bar) => Number(bar.dataset.start));
    for (const row of rows.slice(0, step)) if (row.dataset.bar) shares[row.dataset.bar] = Number(row.dataset.after);
    const now = step ? rows[step - 1] : null;
    draw(shares);
    bars.forEach((bar, i) => bar.classList.toggle("served", now !== null && now.dataset.bar === String(i)));
    rows.forEach((row) => row.classList.toggle("served", row === now));
    const said = controls.querySelector(".now");
    said.replaceChildren(`Step ${step} of ${rows.length}: `);
    if (now) said.append(now.cells[1].firstChild.cloneNode(true), `. ${now.cells[2].textContent}`);
    else said.append("before the first executor is given.");
    for (const [go, button] of Object.entries(buttons)) {
      const back = go === "first" || go === "previous";
      button.setAttribute("aria-disabled", String(back ? step === 0 : step === rows.length));
    }
    title.data = whole.replace(" at the end", "");
  };
  const moves = { first: () => show(0), previous: () => show(step - 1), next: () => show(step + 1), last: () => show(rows.length) };
  const keys = { ArrowLeft: "previous", ArrowRight: "next", Home: "first", End: "last" };
  for (const [go, button] of Object.entries(buttons)) button.addEventListener("click", moves[go]);
  controls.addEventListener("keydown", (event) => {
    if (!(event.key in keys)) return;
    event.preventDefault();
    moves[keys[event.key]]();
  });
  controls.hidden = false;
  show(0);
  addEventListener("beforeprint", () => {
    draw(bars.map((bar) => Number(bar.dataset.end)));
    title.data = whole;
  });
  addEventListener("afterprint", () => show(step));
}
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));

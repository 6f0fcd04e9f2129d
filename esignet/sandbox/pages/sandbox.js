// Counts down what the server has told, and says so at every full minute and
// near the end. Without this script the pages work; the times are then the
// server's alone.
"use strict";
for (const element of document.querySelectorAll("[data-seconds]")) {
  const end = Date.now() + Number(element.dataset.seconds) * 1000;
  const shown = element.querySelector("[data-left]");
  const spoken = element.querySelector("[data-spoken]");
  const button = element.querySelector("button[data-waits]");
  if (button) button.disabled = true;
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    const text = Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0");
    shown.textContent = text;
    if (spoken && (left % 60 === 0 || left === 30)) spoken.textContent = text;
    if (left > 0) return;
    clearInterval(timer);
    if (button) {
      button.disabled = false;
      element.querySelector("[data-until]").hidden = true;
    }
    const late = document.getElementById(element.dataset.then);
    if (late) late.submit();
  };
  const timer = setInterval(tick, 1000);
  tick();
}

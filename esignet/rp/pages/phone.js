// The page is made anew by the server when its step has changed: the worker has
// confirmed the number, or the time is over.
const step = document.documentElement.dataset.step;
const look = async () => {
  try {
    const answer = await fetch(location.pathname + "/step", { cache: "no-store" });
    if (answer.ok && (await answer.text()) !== step) {
      location.reload();
      return;
    }
  } catch {
    // No network for the moment: the next look may have it.
  }
  setTimeout(look, 2000);
};
setTimeout(look, 2000);

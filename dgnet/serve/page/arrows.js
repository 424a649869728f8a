// Arrow keys, Home and End among the pictures of a list, beside Tab.

/** Move the focus among the elements that `selector` finds in `list`. Up and down go to the nearest in the next row. */
export function arrowKeys(list, selector) {
  list.addEventListener("keydown", (event) => {
    const all = [...list.querySelectorAll(selector)];
    const here = all.indexOf(event.target.closest(selector));
    if (here < 0 || event.target !== all[here] || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = {
      ArrowRight: () => all[here + 1],
      ArrowLeft: () => all[here - 1],
      ArrowDown: () => across(all, here, 1),
      ArrowUp: () => across(all, here, -1),
      Home: () => all[0],
      End: () => all.at(-1),
    }[event.key]?.();
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
}

function across(all, here, direction) {
  const box = all[here].getBoundingClientRect();
  let best;
  let least = Infinity;
  for (const one of all) {
    const other = one.getBoundingClientRect();
    const down = (other.top - box.top) * direction;
    if (down < box.height / 2) continue;
    const distance = down * 10 + Math.abs(other.left - box.left);
    if (distance < least) [best, least] = [one, distance];
  }
  return best;
}

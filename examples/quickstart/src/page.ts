import type { Ship } from "./board.ts";

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}

/** The board as a page. */
export function renderPage(ships: readonly Ship[]): string {
  const rows = ships
    .map((ship) => `<li>${escapeHtml(ship.name)}${ship.launched ? " (at sea)" : ""}</li>`)
    .join("");
  return `<!doctype html>
<title>Slipway quickstart</title>
<h1>On the slipway</h1>
<ul>${rows}</ul>
<form method="post" action="/ships"><input name="name" placeholder="Name of a ship" required> <button>Add</button></form>
`;
}

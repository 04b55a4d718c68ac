// Control characters of C0 but for tab and line feed, of C1, and those that turn the direction of a line.
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * A text with every character that a terminal would obey replaced by one that it shows: `\x1b` becomes `␛`. Build files
 * are other people's, and what they hold must not move the cursor or hide lines. No character gets longer or shorter,
 * so that columns stay what they are.
 */
export function visibleText(text: string): string {
  return text.replace(CONTROLS, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? "\u2421" : "\ufffd";
  });
}

const WIDTH = 640;
const HEIGHT = 240;
const LEFT = 40;
const BOTTOM = 40;
/** Hours of a bar. */
const STEP = 2;

/** How many breaks were told after how many hours, as SVG. Its colours are readable on light and on dark pages. */
export function picture(delays: readonly number[], { users, days }: { users: number; days: number }): string {
  const bars = Math.max(1, Math.ceil((Math.max(...delays, STEP) + 0.001) / STEP));
  const counts = Array.from(
    { length: bars },
    (_, n) => delays.filter((hours) => Math.floor(hours / STEP) === n).length,
  );
  const most = Math.max(...counts, 1);
  const width = (WIDTH - LEFT - 20) / bars;
  const scale = (HEIGHT - BOTTOM - 40) / most;
  const shapes = counts.map((count, n) => {
    const [x, height] = [LEFT + n * width, count * scale];
    const hours = `${String(n * STEP)} to ${String((n + 1) * STEP)} hours: ${String(count)} breaks`;
    return `<rect x="${x.toFixed(1)}" y="${(HEIGHT - BOTTOM - height).toFixed(1)}" width="${(width - 1).toFixed(1)}" height="${height.toFixed(1)}" fill="#4f7cff"><title>${hours}</title></rect>`;
  });
  const labels = Array.from({ length: Math.floor((bars * STEP) / 6) + 1 }, (_, n) => {
    const x = LEFT + ((n * 6) / STEP) * width;
    return `<text x="${x.toFixed(1)}" y="${String(HEIGHT - BOTTOM + 16)}" text-anchor="middle">${String(n * 6)}</text>`;
  });
  const title = `Hours from a break until it was told: ${String(delays.length)} breaks of ${String(users)} users in ${String(days)} days`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(WIDTH)} ${String(HEIGHT)}" role="img" aria-label="${title}">
<g font-family="system-ui, sans-serif" font-size="12" fill="#808590">
<text x="${String(LEFT)}" y="20" font-size="13">${title}</text>
${shapes.join("\n")}
<line x1="${String(LEFT)}" y1="${String(HEIGHT - BOTTOM)}" x2="${String(WIDTH - 20)}" y2="${String(HEIGHT - BOTTOM)}" stroke="#808590"/>
${labels.join("\n")}
<text x="${String(WIDTH - 20)}" y="${String(HEIGHT - 6)}" text-anchor="end">hours</text>
<text x="${String(LEFT - 6)}" y="${(HEIGHT - BOTTOM - most * scale + 4).toFixed(1)}" text-anchor="end">${String(most)}</text>
</g>
</svg>
`;
}

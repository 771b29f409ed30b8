import fc from "fast-check";
import { Tiktoken } from "js-tiktoken/lite";
import o200k from "js-tiktoken/ranks/o200k_base";
import { describe, expect, it } from "vitest";
import { utf8Length } from "../../src/base/utf8.ts";
import { estimateTokens } from "../../src/completion/estimate-tokens.ts";

const texts: Readonly<Record<string, string>> = {
  english: `The harbour was quiet that morning, and the fishermen had already left. A letter lay on the
    kitchen table, unopened, next to a cup of tea that had gone cold hours ago. Nobody in the house would
    admit to having brought it in, although the handwriting was familiar to all of them.`,
  code: `export function countWords(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of text.toLowerCase().split(/\\W+/)) {
    if (word === "") continue;
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}`,
  json: JSON.stringify({
    items: [
      { id: "a81bc81b-dead-4e5d-abff-90865d1e13b1", price: 12.5, tags: ["new", "sale"] },
      { id: "16fd2706-8baf-433b-82eb-8c7fada847da", price: 1290, tags: [], inStock: true },
    ],
    nextCursor: null,
    total: 2481,
  }),
  german: `Der Zug nach München hatte wie so oft Verspätung, und auf dem Bahnsteig drängten sich die
    Reisenden um die einzige geöffnete Bäckerei. Niemand wusste, ob der Anschluss noch erreicht würde.`,
  french: `Le marché du samedi se tenait sur la place de l'église depuis le Moyen Âge. On y trouvait des
    fromages, des légumes de saison et, en été, des pêches si mûres qu'il fallait les manger aussitôt.`,
  russian: `Вечером они вышли на набережную. Ветер гнал по воде мелкие волны, и фонари отражались в них
    длинными дрожащими полосами. Разговор не клеился, но молчать вдвоём было легко.`,
  arabic: `في صباح يوم الجمعة ذهبنا إلى السوق القديم في وسط المدينة واشترينا الخبز والزيتون والجبن الأبيض.`,
  hindi: `गर्मी की छुट्टियों में हम सब दादी के गाँव जाते थे और आम के पेड़ के नीचे पूरी दोपहर खेलते थे।`,
  chinese: `昨天晚上下了一场大雨,今天早上的空气特别清新。我们沿着河边散步,看见许多老人在打太极拳。`,
  japanese: `駅前の小さな喫茶店では、毎朝同じ席に座る老人がいる。新聞を読みながら、ゆっくりとコーヒーを飲んでいる。`,
  korean: `주말에는 가족과 함께 산에 올라가서 도시락을 먹고 내려오는 길에 시장에 들러 과일을 샀습니다.`,
};

describe("the estimate of tokens", () => {
  const tokenizer = new Tiktoken(o200k);
  const errors = Object.entries(texts).map(([name, text]) => {
    const tokens = tokenizer.encode(text).length;
    return { name, error: estimateTokens(text) / tokens - 1 };
  });

  it.each(errors)("is within 20 % of a real tokenizer for $name", ({ error }) => {
    expect(Math.abs(error)).toBeLessThan(0.2);
  });

  it("is within 10 % of it on average", () => {
    const mean = errors.reduce((sum, { error }) => sum + Math.abs(error), 0) / errors.length;
    expect(mean).toBeLessThan(0.1);
  });

  it("is a whole number, 0 for nothing alone, and never more than the text has bytes", () => {
    expect(estimateTokens("")).toBe(0);
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1 }), (text) => {
        const tokens = estimateTokens(text);
        expect(Number.isSafeInteger(tokens)).toBe(true);
        expect(tokens).toBeGreaterThanOrEqual(text.trim() === "" ? 0 : 1);
        expect(tokens).toBeLessThanOrEqual(utf8Length(text));
      }),
    );
  });
});

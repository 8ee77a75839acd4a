"""The word and the colours of a minute: what a payer's phone and the counter's screen show alike.

A canteen without a screen believes a phone that it looks at: so its proof moves with a word and two colours that the
centre makes of the canteen, the minute and a key that only it has. Who has not paid in this minute cannot know them,
and yesterday's are of no use. A word is two characters that can be called across a counter.
"""

from datetime import UTC, datetime, timedelta

from msgspec import Struct

from foundation.keys import KeyRing

MINUTE = timedelta(minutes=1)

_WORDS = """
青山 hill|白云 cloud|红叶 leaf|金桂 osmanthus|春风 breeze|夏荷 lotus
秋月 moon|冬雪 snow|朝阳 sunrise|晚霞 sunset|星河 galaxy|海浪 wave
江水 river|湖光 lake|山泉 spring|小溪 brook|瀑布 waterfall|沙滩 beach
岛屿 island|草原 meadow|森林 forest|竹林 bamboo|松树 pine|柳枝 willow
银杏 ginkgo|梧桐 plane tree|桃花 peach|梅花 plum|兰花 orchid|菊花 aster
牡丹 peony|茉莉 jasmine|玫瑰 rose|葵花 sunflower|稻田 paddy|麦穗 wheat
豆苗 sprout|莲子 seed|核桃 walnut|栗子 chestnut|苹果 apple|香蕉 banana
葡萄 grape|西瓜 melon|草莓 strawberry|樱桃 cherry|柠檬 lemon|橘子 orange
石榴 pomegranate|枇杷 loquat|茶杯 teacup|瓷碗 bowl|竹筷 chopsticks|木勺 spoon
铜锅 pot|砂壶 kettle|灯笼 lantern|风筝 kite|折扇 fan|雨伞 umbrella
书本 book|毛笔 brush|砚台 inkstone|宣纸 paper|棋子 chess|古琴 zither
竹笛 flute|鼓声 drum|钟楼 bell tower|石桥 bridge|木船 boat|帆影 sail
灯塔 lighthouse|码头 harbour|车站 station|铁轨 rail|隧道 tunnel|长城 great wall
宝塔 pagoda|庭院 courtyard|燕子 swallow|喜鹊 magpie|白鹤 crane|鸳鸯 duck
孔雀 peacock|鸽子 pigeon|雄鹰 eagle|海鸥 gull|蝴蝶 butterfly|蜻蜓 dragonfly
蜜蜂 bee|松鼠 squirrel|熊猫 panda|骏马 horse|绵羊 sheep|水牛 buffalo
骆驼 camel|大象 elephant|海豚 dolphin|鲤鱼 carp|彩虹 rainbow|雷声 thunder
露珠 dew|霜花 frost|细雨 drizzle|晨雾 mist|北斗 dipper|流星 meteor
极光 aurora|冰川 glacier|丝绸 silk|棉布 cotton|围巾 scarf|纽扣 button
草帽 straw hat|手套 glove|布鞋 shoe|口袋 pocket|镜子 mirror|梳子 comb
""".strip()
WORDS: tuple[tuple[str, str], ...] = tuple(
    (entry[:2], entry[3:]) for line in _WORDS.splitlines() for entry in line.split("|")
)

COLOURS = (
    ("#0a3784", "#ffd23f"), ("#085c42", "#ffffff"), ("#8f1d21", "#ffe8d6"), ("#5b2a86", "#9bf6ff"),
    ("#1d1d1f", "#ff9f1c"), ("#00566b", "#fdf0d5"), ("#7a3e00", "#ffffff"), ("#8e0f46", "#fff59d"),
    ("#274060", "#ffffff"), ("#2f4b00", "#ffe066"), ("#4a148c", "#ffcc80"), ("#263238", "#80deea"),
)  # fmt: skip
"""Ground and figure: each pair has a contrast of at least 7 to 1 (WCAG 2.2, 1.4.6)."""


class Minute(Struct, frozen=True):
    """What is shown from one second (since 1970) until another: the word in Chinese and English, ground and figure."""

    since: int
    until: int
    word_zh: str
    word_en: str
    ground: str
    figure: str


def minute_of(keys: KeyRing, canteen_id: int, at: datetime) -> Minute:
    """The word and the colours of a canteen in the minute of a time."""
    since = int(at.timestamp()) // 60 * 60
    mac = keys.challenge_mac("minute word", canteen_id.to_bytes(8, "big") + since.to_bytes(8, "big"))
    word_zh, word_en = WORDS[int.from_bytes(mac[:8], "big") % len(WORDS)]
    ground, figure = COLOURS[int.from_bytes(mac[8:16], "big") % len(COLOURS)]
    return Minute(since, since + 60, word_zh, word_en, ground, figure)


def minutes_of(keys: KeyRing, canteen_id: int, at: datetime) -> list[Minute]:
    """Those of a payment's proof: its own minute, and the one in which the cashier may look."""
    return [minute_of(keys, canteen_id, at.astimezone(UTC)), minute_of(keys, canteen_id, at.astimezone(UTC) + MINUTE)]

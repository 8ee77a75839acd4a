"""what food was weighed, where it is known, and the CO2e of each kind of food"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

POORE = "Poore & Nemecek, Science 360 (2018): world mean, per kg at retail"
COOKED = f"{POORE}; per kg dry, of which a kg cooked is assumed to hold"

FACTORS = [
    ("other", "其他或混合", "other or mixed", 3000, "WRAP: more than 3 kg CO2e per kg of food waste"),
    ("rice", "米饭", "rice, cooked", 1780, f"4.45, {COOKED} 0.4 kg"),
    ("wheat", "面食", "noodles and buns", 1020, f"1.57, {COOKED} 0.65 kg"),
    ("potato", "薯类", "potatoes", 460, POORE),
    ("vegetable", "蔬菜", "vegetables", 530, POORE),
    ("fruit", "水果", "fruit", 1050, POORE),
    ("tofu", "豆制品", "tofu", 3160, POORE),
    ("egg", "蛋类", "eggs", 4670, POORE),
    ("dairy", "奶类", "milk", 3150, POORE),
    ("poultry", "禽肉", "poultry", 9870, POORE),
    ("pork", "猪肉", "pork", 12310, POORE),
    ("fish", "鱼类", "fish, farmed", 13630, POORE),
    ("beef", "牛肉", "beef", 33300, f"{POORE}; of dairy herds, of beef herds 99.48"),
    ("mutton", "羊肉", "mutton", 39720, POORE),
]


def upgrade() -> None:
    """Bring the tables up; what was weighed before is other or mixed."""
    factor = op.create_table(
        "food_factor",
        sa.Column("food", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("co2e_g_per_kg", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("co2e_g_per_kg >= 0", name=op.f("ck_food_factor_factor")),
        sa.PrimaryKeyConstraint("food", "valid_from", name=op.f("pk_food_factor")),
    )
    names = ("food", "name_zh", "name_en", "co2e_g_per_kg", "source")
    always = {"valid_from": sa.text("'2000-01-01'"), "set_by": "onecard", "set_at": sa.text("now()")}
    op.execute(factor.insert().values([dict(zip(names, row, strict=True)) | always for row in FACTORS]))
    op.add_column("weigh_in", sa.Column("food", sa.Text()))
    for table in ("waste_meal", "kitchen_month"):
        op.add_column(table, sa.Column("co2e_g", sa.BigInteger(), server_default="0", nullable=False))
    op.execute(
        "UPDATE waste_meal SET co2e_g = 3 * (coalesce(preparation_g, 0) + coalesce(unserved_g, 0)"
        " + coalesce(plate_g, 0))"
    )
    op.execute("UPDATE kitchen_month SET co2e_g = 3 * waste_g")

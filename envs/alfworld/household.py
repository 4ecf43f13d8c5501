"""What a household has: kinds of rooms, receptacles and objects, and what goes where."""

from dataclasses import dataclass

OPENABLE = frozenset({"Cabinet", "Drawer", "Fridge", "LaundryHamper", "Microwave", "Safe"})
# Basins are parts of what holds them: the name of an id is that of the whole.
BASINS = {"SinkBasin": "Sink", "BathtubBasin": "Bathtub"}
# Kinds that stand so close that several are reached from one spot.
ADJACENT = frozenset({"Cabinet", "Drawer", "Shelf", "StoveBurner"})

# Kind of room → receptacle → fewest and most of it.
FURNITURE: dict[str, dict[str, tuple[int, int]]] = {
    "kitchen": {
        "Cabinet": (4, 14),
        "CoffeeMachine": (1, 1),
        "CounterTop": (1, 3),
        "DiningTable": (0, 1),
        "Drawer": (2, 10),
        "Fridge": (1, 1),
        "GarbageCan": (1, 1),
        "Microwave": (1, 1),
        "Shelf": (0, 3),
        "SideTable": (0, 1),
        "SinkBasin": (1, 1),
        "StoveBurner": (2, 4),
        "Toaster": (1, 1),
    },
    "livingroom": {
        "ArmChair": (0, 2),
        "Cabinet": (0, 4),
        "Cart": (0, 1),
        "CoffeeTable": (0, 2),
        "Desk": (0, 1),
        "DiningTable": (0, 1),
        "Drawer": (0, 6),
        "Dresser": (0, 1),
        "GarbageCan": (1, 1),
        "Ottoman": (0, 1),
        "Safe": (0, 1),
        "Shelf": (0, 4),
        "SideTable": (1, 3),
        "Sofa": (1, 2),
        "TVStand": (0, 1),
    },
    "bedroom": {
        "ArmChair": (0, 1),
        "Bed": (1, 2),
        "Cabinet": (0, 2),
        "Desk": (1, 2),
        "Drawer": (2, 8),
        "Dresser": (0, 1),
        "GarbageCan": (1, 1),
        "LaundryHamper": (0, 1),
        "Safe": (0, 1),
        "Shelf": (0, 5),
        "SideTable": (0, 2),
    },
    "bathroom": {
        "BathtubBasin": (0, 1),
        "Cabinet": (0, 6),
        "Cart": (0, 1),
        "CounterTop": (1, 2),
        "Drawer": (0, 4),
        "GarbageCan": (1, 1),
        "HandTowelHolder": (1, 2),
        "Shelf": (0, 3),
        "SideTable": (0, 1),
        "SinkBasin": (1, 2),
        "Toilet": (1, 1),
        "ToiletPaperHanger": (1, 1),
        "TowelHolder": (1, 2),
    },
}
# Kind of room → number of its first floor plan, as AI2-THOR numbers them; there are 30 of a kind.
FIRST_PLAN = {"kitchen": 1, "livingroom": 201, "bedroom": 301, "bathroom": 401}
PLANS = 30

_TABLES = "CoffeeTable CounterTop Desk DiningTable SideTable"
_SURFACES = f"{_TABLES} Cart Dresser Shelf TVStand"
_SEATS = "ArmChair Ottoman Sofa"
_FOOD = f"{_TABLES} Fridge GarbageCan Microwave SinkBasin"
_CUTLERY = f"{_TABLES} Drawer SinkBasin"
_SMALL = f"{_SURFACES} Drawer"
_TOILETRIES = f"{_SURFACES} Cabinet Drawer GarbageCan Toilet"


@dataclass(frozen=True)
class ObjectKind:
    """What is true of every object of a kind.

    Attributes:
        rooms: Kinds of rooms it is found in.
        places: Receptacles that may hold it.
        traits: Predicates of one argument that hold of it for ever, as in the domain.
    """

    rooms: tuple[str, ...]
    places: frozenset[str]
    traits: tuple[str, ...]


_ROOM_LETTERS = {"K": "kitchen", "L": "livingroom", "B": "bedroom", "T": "bathroom"}
_TRAIT_LETTERS = {
    "h": "heatable",
    "c": "coolable",
    "w": "cleanable",
    "s": "sliceable",
    "o": "isReceptacleObject",
}


def _kind(rooms: str, places: str, traits: str = "") -> ObjectKind:
    return ObjectKind(
        tuple(_ROOM_LETTERS[letter] for letter in rooms),
        frozenset(places.split()),
        ("pickupable", *(_TRAIT_LETTERS[letter] for letter in traits)),
    )


OBJECTS = {
    "AlarmClock": _kind("B", _SMALL),
    "Apple": _kind("K", _FOOD, "hcws"),
    "BaseballBat": _kind("B", "Bed Desk Dresser SideTable"),
    "BasketBall": _kind("B", f"Bed {_SEATS}"),
    "Book": _kind("KLB", f"{_SMALL} {_SEATS} Bed Cabinet"),
    "Bowl": _kind("KLB", f"{_FOOD} Cabinet Dresser Shelf", "cwo"),
    "Box": _kind("LB", f"{_SURFACES} {_SEATS} Bed", "o"),
    "Bread": _kind("K", f"{_TABLES} Fridge GarbageCan Microwave", "hcs"),
    "ButterKnife": _kind("K", _CUTLERY, "w"),
    "Candle": _kind("LT", _TOILETRIES),
    "CD": _kind("B", f"{_SMALL} GarbageCan Safe"),
    "CellPhone": _kind("LB", f"{_SMALL} {_SEATS} Bed Safe"),
    "Cloth": _kind("T", f"{_TOILETRIES} BathtubBasin LaundryHamper SinkBasin", "w"),
    "CreditCard": _kind("KLB", f"{_SMALL} {_SEATS} Bed Safe"),
    "Cup": _kind("K", f"{_FOOD} Cabinet Shelf", "hcwo"),
    "DishSponge": _kind("KT", f"{_TOILETRIES} BathtubBasin SinkBasin", "w"),
    "Egg": _kind("K", _FOOD, "hcws"),
    "Fork": _kind("K", _CUTLERY, "w"),
    "Glassbottle": _kind("K", f"{_TABLES} Cabinet Fridge GarbageCan Shelf SinkBasin"),
    "HandTowel": _kind("T", "CounterTop HandTowelHolder LaundryHamper SinkBasin"),
    "Kettle": _kind("K", "Cabinet CounterTop DiningTable Shelf SinkBasin StoveBurner", "w"),
    "KeyChain": _kind("LB", f"{_SMALL} {_SEATS} Safe"),
    "Knife": _kind("K", _CUTLERY, "w"),
    "Ladle": _kind("K", _CUTLERY, "w"),
    "Laptop": _kind("LB", f"{_TABLES} {_SEATS} Bed Dresser"),
    "Lettuce": _kind("K", f"{_TABLES} Fridge GarbageCan SinkBasin", "cws"),
    "Mug": _kind("KB", f"{_FOOD} Cabinet CoffeeMachine Shelf", "hcwo"),
    "Newspaper": _kind("L", f"{_SMALL} {_SEATS} GarbageCan"),
    "Pan": _kind("K", f"{_TABLES} Cabinet Fridge SinkBasin StoveBurner", "cwo"),
    "Pen": _kind("LB", f"{_SMALL} GarbageCan"),
    "Pencil": _kind("LB", f"{_SMALL} GarbageCan"),
    "PepperShaker": _kind("K", f"{_TABLES} Cabinet Drawer Shelf"),
    "Pillow": _kind("LB", f"{_SEATS} Bed"),
    "Plate": _kind("K", f"{_FOOD} Cabinet Shelf", "hcwo"),
    "Pot": _kind("K", f"{_TABLES} Cabinet Fridge SinkBasin StoveBurner", "cwo"),
    "Potato": _kind("K", _FOOD, "hcws"),
    "RemoteControl": _kind("L", f"{_SMALL} {_SEATS}"),
    "SaltShaker": _kind("K", f"{_TABLES} Cabinet Drawer Shelf"),
    "SoapBar": _kind("T", f"{_TOILETRIES} BathtubBasin SinkBasin", "w"),
    "SoapBottle": _kind("KT", f"{_TOILETRIES} SinkBasin"),
    "Spatula": _kind("K", _CUTLERY, "w"),
    "Spoon": _kind("K", _CUTLERY, "w"),
    "SprayBottle": _kind("T", _TOILETRIES),
    "Statue": _kind("KL", f"{_SURFACES} Safe"),
    "TeddyBear": _kind("B", f"{_SEATS} Bed"),
    "TissueBox": _kind("LBT", _TOILETRIES),
    "ToiletPaper": _kind("T", f"{_TOILETRIES} ToiletPaperHanger"),
    "Tomato": _kind("K", _FOOD, "hcws"),
    "Towel": _kind("T", "BathtubBasin LaundryHamper TowelHolder"),
    "Vase": _kind("KL", f"{_SURFACES} Cabinet Safe"),
    "Watch": _kind("LB", f"{_SMALL} Safe"),
    "WineBottle": _kind("K", f"{_TABLES} Cabinet Fridge GarbageCan Shelf", "c"),
}
LAMP = "DeskLamp"
LAMP_ROOMS = ("livingroom", "bedroom")
LAMP_PLACES = ("CoffeeTable", "Desk", "Dresser", "SideTable", "Shelf")

"""The registers as gdb is told of them."""

from xml.etree import ElementTree

from isa_spec.registers import PC, REGISTERS
from isa_spec.traps import VECTORS
from soclet import description

ORDER = [
    *(f"r{number}" for number in range(13)),
    *("sp", "lr", "pc", "cpsr", "r13", "r14", "r15", "link", "status", "ptbr", "ivec", "imask"),
    *("epc", "estatus", "cause", "detail", "ks0", "ks1"),
]


def document():
    return ElementTree.fromstring(description.target_xml())


def test_the_order_of_the_registers_is_the_one_that_gdb_takes():
    assert [slot.name for slot in description.SLOTS] == ORDER
    assert [register.name for register in description.PACKET_REGISTERS] == ORDER


def test_the_document_gives_the_registers_the_numbers_that_the_packets_use():
    found = [(int(reg.get("regnum")), reg.get("name")) for reg in document().iter("reg")]
    assert found == list(enumerate(ORDER))
    assert {reg.get("bitsize") for reg in document().iter("reg")} == {"32"}


def test_every_register_of_the_machine_is_there_once_by_its_own_name():
    names = [slot.name for slot in description.SLOTS]
    assert len(set(names)) == len(names)
    for register in REGISTERS:
        assert names.count(register.name) == 1
        slot = description.SLOTS[names.index(register.name)]
        assert slot.number == register.number


def test_arms_own_slots_hold_our_stack_pointer_link_and_a_constant():
    slots = {slot.name: slot.number for slot in description.SLOTS}
    assert (slots["sp"], slots["lr"], slots["cpsr"]) == (15, 17, None)


def test_gdb_is_told_an_architecture_that_it_knows_and_no_operating_system():
    root = document()
    assert root.findtext("architecture") == "arm"
    assert root.findtext("osabi") == "none"
    assert [f.get("name") for f in root.iter("feature")] == [
        "org.gnu.gdb.arm.core",
        "soclet.system",
    ]


def test_every_type_is_gdbs_own_or_declared_before_it_is_used():
    known = {"uint32", "data_ptr", "code_ptr"}
    for feature in document().iter("feature"):
        for element in feature:
            if element.tag == "reg":
                assert element.get("type") in known
            else:
                known.add(element.get("id"))


def test_what_is_arms_alone_is_hidden():
    hidden = {reg.get("name") for reg in document().iter("reg") if reg.get("group") == "hidden"}
    assert hidden == {"lr", "cpsr"}


def test_privileged_registers_are_the_system_group():
    system = {reg.get("name") for reg in document().iter("reg") if reg.get("group") == "system"}
    assert system == {register.name for register in REGISTERS if register.privileged}


def test_flags_and_causes_are_named():
    flags = {field.get("name"): field.get("start") for field in document().iter("field")}
    assert flags == {"KERNEL": "0", "VIRTUAL": "1", "INTERRUPTS": "2"}
    causes = {int(value.get("value")): value.get("name") for value in document().iter("evalue")}
    assert causes[0] == "NONE"
    assert causes[16] == "TIMER"
    assert (causes[3], causes[0x103], causes[0x203]) == (
        "ABSENT_LOAD",
        "ABSENT_STORE",
        "ABSENT_FETCH",
    )
    assert {vector.number for vector in VECTORS} == {value & 0xFF for value in causes} - {0}


def test_what_gdb_always_asks_for_is_in_each_stop_reply():
    expedited = [register.name for register in description.PACKET_REGISTERS if register.expedite]
    assert expedited == ["sp", "lr", "pc"]
    assert ORDER.index("pc") == 15
    assert description.SLOTS[15].number == PC


def test_all_of_the_address_space_is_ram_to_gdb():
    document = description.memory_map_xml(description.MapKind.RAM, 0x10000)
    (region,) = ElementTree.fromstring(document).findall("memory")
    assert region.attrib == {"type": "ram", "start": "0x0", "length": "0x100000000"}


def test_as_flash_memory_has_blocks_and_all_else_is_ram():
    document = description.memory_map_xml(description.MapKind.FLASH, 0x10000)
    regions = ElementTree.fromstring(document).findall("memory")
    assert [region.attrib for region in regions] == [
        {"type": "ram", "start": "0x0", "length": "0x1000"},
        {"type": "flash", "start": "0x1000", "length": "0xf000"},
        {"type": "ram", "start": "0x10000", "length": "0xffff0000"},
    ]
    (block,) = regions[1]
    assert (block.attrib, block.text) == ({"name": "blocksize"}, "0x1000")

"""Pseudo-instructions become the real instructions that their manual shows."""

import pytest

from toolchain.pseudo import PSEUDO

EXPANSIONS = {
    "nop": "mov r0, r0",
    "jmp x": "mov pc, x",
    "jmp r5": "mov pc, r5",
    "call x": "mov at, x\nbranch [at]",
    "call r5": "branch [r5]",
    "ret": "mov pc, link",
    "push r4": "mov at, 4\nsub sp, at\nmov [sp], r4",
    "push r4, link": "mov at, 4\nsub sp, at\nmov [sp], link\nsub sp, at\nmov [sp], r4",
    "push r4-r5, status": (
        "mov at, 4\nsub sp, at\nmov [sp], status\n"
        "sub sp, at\nmov [sp], r5\nsub sp, at\nmov [sp], r4"
    ),
    "pop r4": "mov at, 4\nmov r4, [sp]\nadd sp, at",
    "pop r4, link": "mov at, 4\nmov r4, [sp]\nadd sp, at\nmov link, [sp]\nadd sp, at",
    "enter": "push fp, link\nmov fp, sp",
    "enter 8 * 2": "push fp, link\nmov fp, sp\nmov at, 16\nsub sp, at",
    "leave": "mov sp, fp\npop fp, link",
}


@pytest.mark.parametrize(("pseudo", "real"), EXPANSIONS.items())
def test_a_pseudo_instruction_is_its_expansion(code, pseudo, real):
    assert code(f"{pseudo}\n.org 0x3000\nx:") == code(f"{real}\n.org 0x3000\nx:")


def test_every_pseudo_instruction_has_its_expansion_here():
    assert {text.split()[0] for text in EXPANSIONS} == set(PSEUDO)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("push at", "1:6: push itself uses at; copy at to another register first"),
        ("pop r4, sp", "1:9: sp changes while pop runs; copy sp to another register"),
        ("push r10-r14", "1:6: push itself uses at; copy at to another register first"),
        ("pop pc", "1:5: pc has no use in pop; to return, pop link and then ret"),
        ("push r5-r4", "1:6: this range runs backwards; write the lower one first"),
        ("push", "1:1: register is missing: a register or a range of them; write `push register"),
        ("push 4", "1:6: register must be a register or a range of them; write `push register"),
        ("call", "1:1: label is missing: a label, an address or a register; write `call label`"),
        ('jmp "x"', "1:5: label must be a label, an address or a register; write `jmp label`"),
        ("ret 5", "1:5: this is one operand too many; write `ret`"),
        ("enter r1", "1:7: bytes must be an expression; write `enter [bytes]`"),
        ("call nowhere", "1:6: unknown symbol nowhere; define it: `nowhere:` before a statement"),
    ],
)
def test_what_is_wrong_is_said_at_the_operand(errors, text, expected):
    assert errors(text)[0].startswith(f"test.s:{expected}")

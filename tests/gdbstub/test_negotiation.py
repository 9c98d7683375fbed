import pytest
from fake_target import FEATURES, PlainTarget

from gdbstub.target import Stop


def features(reply):
    return set(reply.split(b";"))


def test_q_supported_advertises_what_the_target_can_do(talk):
    assert features(talk.ask(b"qSupported")) == features(FEATURES)


def test_q_supported_advertises_nothing_that_the_target_cannot_do(connect):
    assert features(connect(PlainTarget()).ask(b"qSupported:swbreak+;hwbreak+")) == {
        b"PacketSize=4000",
        b"error-message+",
        b"QStartNoAckMode+",
        b"vContSupported+",
        b"binary-upload+",
    }


def test_what_is_advertised_does_not_depend_on_what_the_client_offers(talk):
    offer = b"qSupported:multiprocess+;swbreak+;hwbreak-;error-message+;xmlRegisters=arm"
    assert talk.ask(offer) == talk.ask(b"qSupported")


def test_a_client_that_asks_again_takes_back_what_it_offered_before(talk):
    talk.ask(b"qSupported:error-message+")
    assert talk.ask(b"pff").startswith(b"E.")
    talk.ask(b"qSupported:error-message-")
    assert talk.ask(b"pff") == b"E16"


def test_multiprocess_is_never_offered_nor_its_thread_ids_taken(talk):
    assert b"multiprocess" not in talk.ask(b"qSupported:multiprocess+")
    assert talk.ask(b"Hgp1.1") == b"E16"
    assert talk.ask(b"vCont;c:p1.-1") == b"E16"


def test_what_one_client_negotiated_is_unknown_to_the_next(connect, target):
    first = connect(target)
    first.ask(b"qSupported:swbreak+;error-message+")
    first.ask(b"QStartNoAckMode")
    first.ask(b"!")
    assert first.ask(b"pff").startswith(b"E.")
    first.session.close()
    second = connect(target)
    assert second.send(b"$pff#3c") == [b"+", b"E16"]
    assert second.ask(b"R00") == b"E16"


def test_the_packet_size_is_in_hexadecimal_and_kept_to_the_byte(connect, target):
    talk = connect(target, packet_size=100)
    assert b"PacketSize=64;" in talk.ask(b"qSupported")
    assert talk.ask(b"X1000,5b:" + b"a" * 91) == b"OK"  # a payload of 100 bytes
    assert talk.ask(b"X1000,5c:" + b"a" * 92) == b"E16"
    assert talk.ask(b"qSupported:error-message+")
    assert talk.ask(b"X1000,5c:" + b"a" * 92) == b"E.a packet is at most 100 bytes long"
    assert target.asked == ["attach", ("memory", 0x1000, b"a" * 91)]


def test_packets_are_acknowledged_until_that_is_switched_off(talk):
    assert talk.send(b"+$qC#b4") == [b"+", b"QC01"]
    assert talk.send(b"+$QStartNoAckMode#b0") == [b"+", b"OK"]
    assert talk.send(b"+$qC#b4") == [b"QC01"]


def test_a_wrong_checksum_asks_for_the_packet_again(talk):
    assert talk.send(b"$qC#00") == [b"-"]
    assert talk.send(b"$qC#b4") == [b"+", b"QC01"]


def test_a_wrong_checksum_without_acknowledgements_is_an_error(talk):
    talk.ask(b"QStartNoAckMode")
    assert talk.send(b"$qC#00") == [b"E16"]


def test_a_refused_reply_is_sent_again_but_not_for_ever(talk):
    talk.ask(b"qC")
    assert talk.send(b"-") == [b"QC01"]
    assert talk.send(b"-----") == [b"QC01", b"QC01"]
    assert talk.ask(b"?").startswith(b"T05")
    assert talk.send(b"-")[0].startswith(b"T05")


def test_an_acknowledged_reply_is_not_sent_again(talk):
    talk.ask(b"qC")
    assert talk.send(b"+-") == []


@pytest.mark.parametrize(
    "payload",
    [
        *(b"", b"vMustReplyEmpty", b"vUnknown", b"qTStatus", b"QThreadEvents:1", b"QNonStop:1"),
        *(b"vCtrlC", b"bs", b"bc", b"Z5,1000,4", b"Z9,1000,4", b"Z", b"i", b"_M1000,4", b"jFoo"),
        *(b"qXfer:features:write:target.xml:0:a", b"qXfer:feature:read:target.xml:0,fff"),
        *(b"qXfer:featuresX:read:target.xml:0,fff", b"vFile:chmod:41,0,0", b"qSupportedX:a+"),
        *(b"qCX", b"qfThreadInfoX", b"QStartNoAckModeX", b"vContX", b"vCont", b"vKillX;1"),
        *(b"qRcmd:68", b"qAttachedX", b"qRcmdX,68", b"vFlashDoneX", b"qThreadExtraInfo,1"),
    ],
)
def test_what_is_not_known_by_its_exact_name_gets_the_empty_reply(talk, payload):
    assert talk.ask(payload) == b""


@pytest.mark.parametrize(
    "payload", [b"g0", b"?x", b"!x", b"k1", b"vCont?c", b"vFlashDone:1", b"DX", b"D;", b"Hg", b"H"]
)
def test_a_known_packet_with_too_much_or_too_little_behind_it_does_nothing(talk, target, payload):
    assert talk.ask(payload) in (b"", b"E16")
    assert target.asked == ["attach"]


def test_errors_are_words_for_a_client_that_takes_them(talk):
    assert talk.ask(b"m0,4") == b"E0e"
    talk.ask(b"qSupported:error-message+")
    assert talk.ask(b"m0,4") == b"E.nothing is at 0x0"


def test_symbols_are_declined(talk):
    assert talk.ask(b"qSymbol::") == b"OK"


def test_the_program_was_there_before_the_client(talk):
    assert talk.ask_all(b"qAttached", b"qAttached:1", b"qAttached:a410") == [b"1"] * 3
    assert talk.ask_all(b"qAttached:", b"qAttached:x", b"qAttachedX") == [b"E16", b"E16", b""]


def test_there_is_one_thread(talk):
    assert talk.ask_all(b"qfThreadInfo", b"qsThreadInfo", b"qC") == [b"m01", b"l", b"QC01"]
    assert talk.ask_all(b"Hg0", b"Hg1", b"Hc-1", b"Hc0", b"T1", b"T01") == [b"OK"] * 6


@pytest.mark.parametrize("payload", [b"Hg2", b"Hx1", b"T2", b"Tp1.1", b"T", b"Hc-2"])
def test_there_is_no_other_thread(talk, payload):
    assert talk.ask(payload) == b"E16"


def test_another_protocol_is_left_without_halting_the_target(connect, target):
    talk = connect(target)
    assert talk.send(b"GET / HTTP/1.1\r\n\r\n$g#67") == []
    assert talk.session.leaving
    talk.session.close()
    assert target.asked == []


@pytest.mark.parametrize("garbage", [b"hello\r\nworld\r\n\xff\x00", b"+-+\x03", b"$c", b"$?#00"])
def test_garbage_does_not_halt_the_target(connect, target, garbage):
    talk = connect(target)
    assert set(talk.send(garbage)) <= {b"-"}
    talk.session.close()
    assert target.asked == []


def test_the_first_packet_halts_the_target_and_later_ones_do_not(talk, target):
    talk.ask_all(b"qSupported", b"?", b"g")
    assert target.asked == ["attach"]


def test_replies_can_be_run_length_encoded(connect, target):
    talk = connect(target, run_length=True)
    assert talk.ask(b"m1000,8") == b"0*,"
    assert talk.ask(b"?").startswith(b"T05")
    assert target.stop == Stop()

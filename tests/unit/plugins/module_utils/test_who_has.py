# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils import who_has

MAC = "52:54:00:aa:00:31"
ARP_REQUEST = (
    "ffffffffffff 525400aa0031 08060001 0800 06 04 0001 525400aa0031 ac1c001f 000000000000 ac1c0064" + "00" * 18
)
ARP_REPLY = "525400aa0031 525400aa0011 08060001 0800 06 04 0002 525400aa0011 ac1c0064 525400aa0031 ac1c001f" + "00" * 18
SOLICITATION = (
    "3333ff000100 525400aa0031 86dd"
    "60000000 0020 3a ff 20010db8000000000000000000000031 ff0200000000000000000001ff000100"
    "87 00 {checksum} 00000000 20010db8000000000000000000000100 0101 525400aa0031"
)
ADVERTISEMENT = (
    "525400aa0031 525400aa0011 86dd"
    "60000000 0020 3a ff 20010db8000000000000000000000011 20010db8000000000000000000000031"
    "88 00 0000 60000000 20010db8000000000000000000000100 0201 525400aa0012"
)


def frame(text):
    return bytes.fromhex(text.replace(" ", ""))


def test_arp_request():
    assert who_has.arp_request(MAC, "172.28.0.31", "172.28.0.100") == frame(ARP_REQUEST)


def test_arp_reply():
    assert who_has.arp_reply(frame(ARP_REPLY), MAC) == ("172.28.0.100", "52:54:00:aa:00:11")


def test_an_arp_reply_may_come_without_padding():
    assert who_has.arp_reply(frame(ARP_REPLY)[:42], MAC) == ("172.28.0.100", "52:54:00:aa:00:11")


def test_neighbour_solicitation():
    sent = who_has.neighbour_solicitation(MAC, "2001:db8::31", "2001:db8::100")
    assert sent == frame(SOLICITATION.format(checksum=sent[56:58].hex()))


def test_the_checksum_of_a_solicitation_makes_its_sum_zero():
    """RFC 1071: the checksum over data that holds its own checksum is 0."""
    sent = who_has.neighbour_solicitation(MAC, "2001:db8::31", "2001:db8::100")
    pseudo_header = sent[22:54] + bytes.fromhex("00000020 0000003a")
    assert who_has.internet_checksum(pseudo_header + sent[54:]) == 0


def test_internet_checksum_of_rfc_1071():
    assert who_has.internet_checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF - 0xDDF2


def test_neighbour_advertisement():
    assert who_has.neighbour_advertisement(frame(ADVERTISEMENT), MAC) == ("2001:db8::100", "52:54:00:aa:00:12")


@pytest.mark.parametrize(
    ("options", "mac"),
    [
        ("", "52:54:00:aa:00:11"),
        ("0e01 000000000000 0201 525400aa0012", "52:54:00:aa:00:12"),
        ("0e00 525400aa0013 0201 525400aa0012", "52:54:00:aa:00:11"),
    ],
    ids=["none", "a_nonce_before", "one_without_end_before"],
)
def test_an_advertisement_that_does_not_name_its_target_first(options, mac):
    head, data = frame(ADVERTISEMENT)[:-8], frame(options)
    told = head[:18] + (24 + len(data)).to_bytes(2, "big") + head[20:] + data
    assert who_has.neighbour_advertisement(told, MAC) == ("2001:db8::100", mac)


def changed(text, position, value):
    data = bytearray(frame(text))
    data[position] = value
    return bytes(data)


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (who_has.arp_reply, b""),
        (who_has.arp_reply, frame(ARP_REPLY)[:40]),
        (who_has.arp_reply, frame(ARP_REQUEST)),
        (who_has.arp_reply, changed(ARP_REPLY, 21, 1)),
        (who_has.arp_reply, changed(ARP_REPLY, 5, 0x99)),
        (who_has.arp_reply, frame(ADVERTISEMENT)),
        (who_has.neighbour_advertisement, b""),
        (who_has.neighbour_advertisement, frame(ADVERTISEMENT)[:77]),
        (who_has.neighbour_advertisement, frame(SOLICITATION.format(checksum="0000"))),
        (who_has.neighbour_advertisement, changed(ADVERTISEMENT, 20, 6)),
        (who_has.neighbour_advertisement, changed(ADVERTISEMENT, 21, 64)),
        (who_has.neighbour_advertisement, changed(ADVERTISEMENT, 54, 134)),
        (who_has.neighbour_advertisement, frame(ARP_REPLY)),
    ],
    ids=[
        "arp_empty",
        "arp_cut_off",
        "arp_question",
        "arp_request_to_us",
        "arp_for_somebody_else",
        "arp_other_ethertype",
        "nd_empty",
        "nd_cut_off",
        "nd_question",
        "nd_not_icmpv6",
        "nd_came_through_a_router",
        "nd_router_advertisement",
        "nd_other_ethertype",
    ],
)
def test_what_is_no_answer(read, data):
    assert read(data, MAC) is None

"""A webhook reaches public addresses only: whoever names an inner one, by whatever spelling, is refused."""

import pytest

from cloud.webhooks.guard import Forbidden, allowed


def known(*addresses: str):
    async def resolve(host: str, port: int) -> list[str]:
        return list(addresses)

    return resolve


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),  # noqa: S104
        *("224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "ff02::1"),
        *("2002:7f00:1::", "64:ff9b::7f00:1", "2001:db8::1", "198.18.0.1", "192.0.2.1"),
        *("::7f00:1", "64:ff9b:1::7f00:1", "::ffff:0:127.0.0.1", "fec0::1", "5f00::1"),
    ],
)
async def test_no_inner_address_is_sent_to(address):
    with pytest.raises(Forbidden, match="not a public address"):
        await allowed("https://hooks.example.com/x", known(address))


async def test_one_inner_address_among_public_ones_is_one_too_many():
    with pytest.raises(Forbidden):
        await allowed("https://hooks.example.com/x", known("93.184.216.34", "10.0.0.1"))


async def test_a_public_address_is_the_very_one_that_is_connected_to():
    told = await allowed("https://hooks.example.com:8443/x", known("93.184.216.34", "93.184.216.35"))
    assert told == ("93.184.216.34", 8443, "hooks.example.com")
    assert (await allowed("https://[2606:4700::1111]/", known("2606:4700::1111")))[1:] == (443, "2606:4700::1111")


async def test_without_tls_nothing_is_sent_but_in_a_network_of_ones_own():
    with pytest.raises(Forbidden, match="https"):
        await allowed("http://hooks.example.com/", known("93.184.216.34"))
    assert (await allowed("http://127.0.0.1:99/", known("127.0.0.1"), private=True))[1] == 99


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "localhost", "127.1"])
async def test_the_systems_own_resolver_knows_every_spelling_of_the_inside(host):
    with pytest.raises(Forbidden):
        await allowed(f"https://{host}/")


async def test_a_name_that_nobody_knows_is_said():
    with pytest.raises(Forbidden, match=r"nowhere\.invalid is not known"):
        await allowed("https://nowhere.invalid/")

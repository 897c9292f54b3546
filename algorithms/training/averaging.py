"""A running average of a network's weights, which is better than its last step."""

import torch


def average_weights(averaged: torch.nn.Module, net: torch.nn.Module, keep: float) -> None:
    """Move the average towards the network; counters are copied.

    Parameters
    ----------
    keep : share of the average that stays, 0 to 1
    """
    with torch.no_grad():
        new = net.state_dict()
        for key, value in averaged.state_dict().items():
            if value.is_floating_point():
                value.lerp_(new[key], 1 - keep)
            else:
                value.copy_(new[key])

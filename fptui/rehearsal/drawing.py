"""Synthetic pictures for the demo: a figure as a bare pose, as a character sheet, and as that character in that pose.

The rule that the network has to learn is in the pictures: where the pose is red the character's hair colour belongs,
where it is green the colour of the clothes, where it is blue the skin.
"""

import colorsys
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from fptui.rehearsal.arrays import Array

Colour = tuple[int, int, int]
PAPER: Colour = (245, 240, 230)
SKIN: Colour = (240, 200, 170)
_POSE_COLOURS: tuple[Colour, Colour, Colour, Colour] = ((255, 255, 255), (230, 40, 40), (40, 200, 60), (50, 70, 230))


@dataclass(frozen=True)
class Pose:
    """Where the parts of the figure are, in shares of the picture's sides."""

    head_x: float
    head_y: float
    lean: float
    left_arm: float
    right_arm: float
    """Height of the hand."""
    stance: float


STANDING = Pose(0.5, 0.24, 0.0, 0.66, 0.66, 0.14)


@dataclass(frozen=True)
class Character:
    """Two colours; paper and skin are the same for all."""

    hair: Colour
    clothes: Colour


def random_pose(random: np.random.Generator) -> Pose:
    """A pose with the whole figure inside the picture."""
    low, high = (0.38, 0.2, -0.1, 0.3, 0.3, 0.08), (0.62, 0.3, 0.1, 0.72, 0.72, 0.22)
    return Pose(*(float(value) for value in random.uniform(low, high)))


def character(hair_hue: float, clothes_hue: float) -> Character:
    """Two lively colours by their hues, 0 to 1."""

    def colour(hue: float, value: float) -> Colour:
        red, green, blue = colorsys.hsv_to_rgb(hue % 1, 0.75, value)
        return round(red * 255), round(green * 255), round(blue * 255)

    return Character(colour(hair_hue, 0.6), colour(clothes_hue, 0.85))


def _figure(pose: Pose, size: tuple[int, int], colours: tuple[Colour, Colour, Colour, Colour]) -> Image.Image:
    paper, hair, clothes, skin = colours
    scale = 4
    width, height = size[0] * scale, size[1] * scale
    image = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(image)
    x, y = pose.head_x * width, pose.head_y * height
    head = 0.13 * width
    hip_x, hip_y = x + pose.lean * width, 0.66 * height
    limb = int(0.09 * width)
    shoulder = y + head * 1.5
    for side, hand in ((-1, pose.left_arm), (1, pose.right_arm)):
        draw.line([x, shoulder, x + side * 0.3 * width, hand * height], fill=skin, width=limb)
        draw.line(
            [hip_x, hip_y, hip_x + side * pose.stance * width, 0.94 * height], fill=clothes, width=int(limb * 1.4)
        )
    body = 0.15 * width
    draw.polygon(
        [(x - body * 0.7, y + head), (x + body * 0.7, y + head), (hip_x + body, hip_y), (hip_x - body, hip_y)],
        fill=clothes,
    )
    draw.ellipse([x - head * 1.45, y - head * 1.5, x + head * 1.45, y + head * 1.3], fill=hair)
    draw.ellipse([x - head * 0.85, y - head * 0.6, x + head * 0.85, y + head * 1.1], fill=skin)
    return image.resize(size, Image.Resampling.BOX)


def pose_picture(pose: Pose, size: tuple[int, int]) -> Image.Image:
    """The bare pose: what to draw where."""
    return _figure(pose, size, _POSE_COLOURS)


def character_picture(character: Character, size: tuple[int, int]) -> Image.Image:
    """The character, standing."""
    return target_picture(STANDING, character, size)


def target_picture(pose: Pose, character: Character, size: tuple[int, int]) -> Image.Image:
    """The character in the pose: what the trainer is to learn."""
    return _figure(pose, size, (PAPER, character.hair, character.clothes, SKIN))


def as_array(image: Image.Image) -> Array:
    """(height, width, 3) of 0 to 255."""
    return np.asarray(image.convert("RGB"))

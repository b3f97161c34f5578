"""Ready states: the article's sections and the figures of the guide to convolution arithmetic."""

from __future__ import annotations

from typing import Any

__all__ = ["PRESETS"]

_FIGURE = {"x": {0: "a", 1: "b", 2: "c", 6: "d"}, "y": {0: "1", 1: "2", 3: "3", 4: "4"}}


def _preset(
    name: str, en: str, zh: str, group: str, labels: Any = None, **state: str
) -> dict[str, Any]:
    return {"name": name, "en": en, "zh": zh, "group": group, "state": state, "labels": labels}


def _article(name: str, en: str, zh: str, labels: Any = None, **state: str) -> dict[str, Any]:
    return _preset(name, en, zh, "article", labels, **state)


def _guide(name: str, en: str, zh: str, **state: str) -> dict[str, Any]:
    return _preset(name, en, zh, "guide", **state)


def _up(name: str, en: str, zh: str, **state: str) -> dict[str, Any]:
    return _guide(f"{name}-transposed", f"{en}, transposed", f"{zh}，转置",
                  kind="conv_transpose", **state)  # fmt: skip


PRESETS: list[dict[str, Any]] = [
    _article("figure", "The article's figure: a, b, c, d and 1, 2, 3, 4",
             "文章的图：a、b、c、d 与 1、2、3、4",
             labels=_FIGURE, kernel="3", stride="2", padding="1", input="5x5"),
    _article("regular", "Regular convolution, 2 → 3 channels", "常规卷积，2 → 3 通道",
             input="4x4", in_channels="2", out_channels="3"),
    _article("pointwise", "1×1 convolution, 3 → 2 channels", "1×1 卷积，3 → 2 通道",
             kind="pointwise", input="3x3", in_channels="3", out_channels="2"),
    _article("grouped", "Grouped convolution, 2 groups", "分组卷积，2 组",
             input="4x4", in_channels="4", out_channels="4", groups="2"),
    _article("separable-kernel", "A kernel that is separable", "可空间分离的卷积核",
             input="5x5", weight="3 6 9; 4 8 12; 5 10 15"),
    _article("spatially-separable", "Spatially separable: 3×1, then 1×3",
             "空间可分离卷积：先 3×1，再 1×3",
             kind="spatially_separable", input="5x5", weight="3 4 5 | 1 2 3"),
    _article("depthwise", "Depthwise convolution, 3 channels", "深度卷积，3 通道",
             kind="depthwise", input="4x4", in_channels="3"),
    _article("depthwise-separable", "Depthwise separable: depthwise, then 1×1",
             "深度可分离卷积：深度卷积，再逐点卷积",
             kind="depthwise_separable", input="4x4", in_channels="3", out_channels="2"),
    _article("transposed", "Transposed convolution, 3×3 → 5×5", "转置卷积，3×3 → 5×5",
             labels={"x": _FIGURE["y"], "y": _FIGURE["x"]}, kind="conv_transpose",
             kernel="3", stride="2", padding="1", input="3x3"),
    _article("no-inverse", "Transposed, 2×2 → 4×4: not an inverse",
             "转置卷积，2×2 → 4×4：并非逆运算",
             kind="conv_transpose", kernel="3", input="2x2"),
    _article("dilated", "Dilated convolution, rate 2",
             "空洞卷积，间隔 2", input="7x7", dilation="2"),
    _guide("no-padding", "No padding, unit stride", "无填充，步长 1", input="4x4"),
    _guide("arbitrary-padding", "Arbitrary padding",
           "任意填充", input="5x5", kernel="4", padding="2"),
    _guide("half-padding", "Half (same) padding", "半填充", input="5x5", padding="1"),
    _guide("full-padding", "Full padding", "全填充", input="5x5", padding="2"),
    _guide("strides", "Strides without padding", "有步长，无填充", input="5x5", stride="2"),
    _guide("padding-strides", "Padding and strides",
           "填充与步长", input="5x5", stride="2", padding="1"),
    _guide("padding-strides-odd", "Padding and strides, odd", "填充与步长（奇数）",
           input="6x6", stride="2", padding="1"),
    _up("no-padding", "No padding, unit stride", "无填充，步长 1", input="2x2"),
    _up("arbitrary-padding", "Arbitrary padding", "任意填充", input="6x6", kernel="4", padding="2"),
    _up("half-padding", "Half (same) padding", "半填充", input="5x5", padding="1"),
    _up("full-padding", "Full padding", "全填充", input="7x7", padding="2"),
    _up("strides", "Strides without padding", "有步长，无填充", input="2x2", stride="2"),
    _up("padding-strides", "Padding and strides",
        "填充与步长", input="3x3", stride="2", padding="1"),
    _up("padding-strides-odd", "Padding and strides, odd", "填充与步长（奇数）",
        input="3x3", stride="2", padding="1", output_padding="1"),
    _guide("dilation", "Dilation", "空洞", input="7x7", dilation="2"),
    _guide("average-pooling", "Average pooling", "平均池化", kind="avg_pool", input="5x5"),
    _guide("max-pooling", "Max pooling", "最大池化", kind="max_pool", input="5x5"),
    _preset("causal", "1-D causal, dilated (WaveNet)", "一维因果空洞卷积", "more",
            input="12", kernel="2", dilation="4", padding="causal"),
    _preset("circular", "1-D circular: a circulant matrix", "一维循环卷积：循环矩阵", "more",
            input="8", padding="1", padding_mode="circular"),
    _preset("checkerboard", "Checkerboard: stride 2 does not divide kernel 3",
            "棋盘效应：步长 2 不整除卷积核 3", "more",
            kind="conv_transpose", input="4x4", stride="2"),
    _preset("upsample", "Bilinear upsampling", "双线性上采样", "more",
            kind="upsample", input="3x3", padding_mode="linear"),
    _preset("pixel-shuffle", "Pixel shuffle", "像素重排", "more",
            kind="pixel_shuffle", input="3x3", in_channels="4"),
    _preset("volume", "3-D convolution, in slices", "三维卷积（切片）", "more",
            input="3x3x3", kernel="2"),
]  # fmt: skip
"""In the order in which a page offers them; the article's figure first."""

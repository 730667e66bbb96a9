// Package stat has the statistics of a comparison of two block devices.
//
// Measurements on a shared machine drift, come in bursts and are not normally
// distributed, so the tools are those that assume little: medians,
// Hodges–Lehmann estimates with the intervals of the Wilcoxon signed-rank
// test for paired samples, the sign test, the Mann–Whitney test for unpaired
// ones, and the bootstrap. No value is ever rejected as an outlier.
//
// An [Interval] carries the confidence that it really has: with too few
// samples for the one that was asked for, it is the widest there is, and its
// Confidence says what that is worth. Samples must not hold NaN.
package stat

"""Policies: what one is (`base`), which there are (`registry`), those that ship (`built_in`).

A policy is a lowering, NumPy in, `Claims` out; where a key is no such thing, a function
(`key_functions`).
"""

import { Anchor, Button, NavLink, type AnchorProps, type ButtonProps, type NavLinkProps } from '@mantine/core'
import { createLink } from '@tanstack/react-router'
import type { ComponentPropsWithRef } from 'react'

type AnchorElement = Omit<ComponentPropsWithRef<'a'>, 'color' | 'style'>

/** Mantine's looks, the router's addresses: `<LinkAnchor to="/projects/$projectName" params={{ projectName }}>`. */
export const LinkAnchor = createLink((props: AnchorProps & AnchorElement) => <Anchor {...props} />)

export const LinkButton = createLink((props: ButtonProps & AnchorElement) => <Button component="a" {...props} />)

export const LinkNav = createLink((props: NavLinkProps & Omit<AnchorElement, 'onChange'>) => <NavLink {...props} />)

import { Menu, type MenuItemProps } from '@mantine/core'
import { createLink } from '@tanstack/react-router'
import type { ComponentPropsWithRef } from 'react'

type AnchorElement = Omit<ComponentPropsWithRef<'a'>, 'color' | 'style'>

/** An entry of a menu that leads somewhere. Apart from the other links: what has no menu need not load one. */
export const LinkMenuItem = createLink((props: MenuItemProps & AnchorElement) => <Menu.Item component="a" {...props} />)
